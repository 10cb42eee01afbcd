/** Placeholder until the panel of problems is there. */
export function Problems() {
  return null;
}
