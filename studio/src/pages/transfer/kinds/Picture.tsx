import css from "./kinds.module.css";

const FILES = import.meta.glob<string>("./pictures/*.svg", { query: "?raw", import: "default", eager: true });

/** What is drawn, by name: the inside of each file, so that it takes the colors of the theme. */
const DRAWINGS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(FILES).map(([path, text]) => [path.replace(/^.*\/|\.svg$/g, ""), text.replace(/^\s*<svg[^>]*>|<\/svg>\s*$/g, "")]),
);

/** A drawing of a concept; `words` say what is to be seen. */
export function Picture({ name, words }: { name: string; words: string }) {
  return (
    <svg viewBox="0 0 200 120" className={css.picture} role="img" aria-label={words} dangerouslySetInnerHTML={{ __html: DRAWINGS[name] ?? "" }} />
  );
}
