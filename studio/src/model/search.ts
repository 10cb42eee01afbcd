/** Looking for things by a few letters: all words must occur; what begins with them comes first. */

/** Return how well a text fits a query, 0 to 1; 0: not at all. */
export function fit(query: string, text: string, ...more: readonly string[]): number {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return 1;
  const title = text.toLowerCase();
  const rest = more.join(" ").toLowerCase();
  let sum = 0;
  for (const word of words) {
    const here = wordFit(word, title, rest);
    if (here === 0) return 0;
    sum += here;
  }
  return sum / words.length;
}

function wordFit(word: string, title: string, rest: string): number {
  if (title === word) return 1;
  if (title.startsWith(word)) return 0.9;
  if (new RegExp(`(^|[^a-z0-9])${escaped(word)}`).test(title)) return 0.8;
  if (title.includes(word)) return 0.6;
  if (rest.includes(word)) return 0.4;
  return isSpread(word, title) ? 0.2 : 0;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Whether the letters occur in that order: "bn" in "batch norm". Only for two letters and more. */
function isSpread(word: string, text: string): boolean {
  if (word.length < 2) return false;
  const starts = text.split(/[^a-z0-9]+/).filter(Boolean).map((part) => part.charAt(0)).join("");
  return starts.startsWith(word);
}

/** Return the items that fit, the best first; equals stay in their order. */
export function ranked<T>(items: readonly T[], query: string, texts: (item: T) => readonly string[]): T[] {
  return items
    .map((item) => {
      const [text = "", ...more] = texts(item);
      return { item, score: fit(query, text, ...more) };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ item }) => item);
}
