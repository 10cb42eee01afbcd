/** What was dropped: what of it is data, what is not, and whether copying it is wise. */

export type Dropped = {
  /** Relative, with folders, forward slashes. */
  path: string;
  file: () => Promise<File>;
};

export type DroppedKind = "image" | "table" | "arrays" | "archive" | "other";

const KINDS: Record<DroppedKind, readonly string[]> = {
  image: ["jpg", "jpeg", "png", "bmp", "gif", "tif", "tiff", "webp", "ppm", "pgm", "jfif", "jpe"],
  table: ["csv", "tsv", "parquet"],
  arrays: ["npz", "npy"],
  archive: ["zip", "tar", "tgz", "gz", "xz"],
  other: [],
};

/** From this many files on, choosing the path instead of copying is suggested. */
export const MANY_FILES = 5_000;

export function droppedKind(path: string): DroppedKind {
  const ending = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return (Object.keys(KINDS) as DroppedKind[]).find((kind) => KINDS[kind].includes(ending)) ?? "other";
}

/** Files that systems leave behind; nobody means them. */
export const isHidden = (path: string): boolean =>
  path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX" || part === "Thumbs.db" || part === "desktop.ini");

export type DropPlan = {
  /** What is to be sent. */
  files: readonly Dropped[];
  numImages: number;
  tables: readonly string[];
  archives: readonly string[];
  arrays: readonly string[];
  /** Files that are no data, and are left out. */
  others: readonly string[];
  numHidden: number;
  /** Why it cannot be taken. */
  refusal: string | null;
  isLarge: boolean;
};

/** Return what is to be done with dropped files. */
export function planDrop(dropped: readonly Dropped[]): DropPlan {
  const seen = dropped.filter((item) => !isHidden(item.path));
  const of = (kind: DroppedKind) => seen.filter((item) => droppedKind(item.path) === kind).map((item) => item.path);
  const archives = of("archive");
  const isArchive = seen.length === 1 && archives.length === 1;
  const files = seen.filter((item) => {
    const kind = droppedKind(item.path);
    return kind !== "other" && (kind !== "archive" || isArchive);
  });
  const others = [...of("other"), ...(isArchive ? [] : archives)];
  return {
    files,
    numImages: of("image").length,
    tables: of("table"),
    archives: isArchive ? archives : [],
    arrays: of("arrays"),
    others,
    numHidden: dropped.length - seen.length,
    refusal: refusalOf(dropped.length, files.length, others, archives),
    isLarge: files.length >= MANY_FILES,
  };
}

function refusalOf(numDropped: number, numFiles: number, others: readonly string[], archives: readonly string[]): string | null {
  if (numDropped === 0) return "Nothing was dropped: the folder is empty.";
  if (numFiles > 0) return null;
  if (archives.length > 1) return `There are ${archives.length} archives. Drop them one at a time.`;
  if (others.length === 0) return "There are only hidden files in it.";
  return `There is no image, table, array file or archive in it, only ${named(others)}.`;
}

/** Name some of many: "a, b, c and 4 more". */
export function named(paths: readonly string[], most = 3): string {
  const shown = paths.slice(0, most).map((path) => path.split("/").at(-1) ?? path);
  const more = paths.length - shown.length;
  if (more > 0) return `${shown.join(", ")} and ${more.toLocaleString("en-US")} more`;
  return shown.length > 1 ? `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}` : (shown[0] ?? "");
}

/** What will be copied, in words. */
export function planWords(plan: DropPlan): string {
  const n = (count: number, one: string) => (count ? [`${count.toLocaleString("en-US")} ${one}${count === 1 ? "" : "s"}`] : []);
  const parts = [
    ...n(plan.numImages, "image"),
    ...n(plan.tables.length, "table"),
    ...n(plan.arrays.length, "array file"),
    ...n(plan.archives.length, "archive"),
  ];
  return parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : (parts[0] ?? "nothing");
}

/** What will not be copied, in words; null when all is. */
export function leftOutWords(plan: DropPlan): string | null {
  if (plan.others.length === 0) return null;
  const one = plan.others.length === 1;
  return `${plan.others.length.toLocaleString("en-US")} other file${one ? " is" : "s are"} left out: ${named(plan.others)}.`;
}

/** A name for what was dropped: its folder, its archive or its table; empty for loose images. */
export function dropName(plan: Pick<DropPlan, "files">): string {
  const first = plan.files[0]?.path ?? "";
  const folder = first.includes("/") ? first.slice(0, first.indexOf("/")) : "";
  if (folder) return plan.files.every((item) => item.path.startsWith(`${folder}/`)) ? folder : "";
  return plan.files.length === 1 ? first.replace(/(\.tar)?\.[^.]+$/, "") : "";
}
