/** The part of a flow file that is about its nodes. */

/** Return the entries below "nodes:" of a flow's YAML, without their indentation. */
export function nodeText(yaml: string): string {
  const lines = yaml.split("\n");
  const start = lines.indexOf("nodes:");
  if (start < 0) return yaml;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^[A-Za-z_]/.test(line));
  return rest.slice(0, end < 0 ? rest.length : end).join("\n");
}
