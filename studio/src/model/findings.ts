/** Findings of a data check, those of one kind together. */

/** Return findings by the words before their first colon, in the order in which the kinds come. */
export function alike<T extends { message: string }>(problems: readonly T[]): [string, T[]][] {
  const kinds = new Map<string, T[]>();
  for (const problem of problems) {
    const what = problem.message.split(":")[0] ?? problem.message;
    const known = kinds.get(what);
    if (known) known.push(problem);
    else kinds.set(what, [problem]);
  }
  return [...kinds];
}
