/** Where small pictures of a data set's images are. The address holds all that the picture depends on. */
import type { ImagesSettings } from "../api/types";

export const THUMBNAIL_SIDES = [64, 128, 256, 512, 1024] as const;
export type ThumbnailSide = (typeof THUMBNAIL_SIDES)[number];

/** What a picture is found by: its key, and the digest of its bytes where it is known. */
export type Pictured = { key: string; digest?: string | null };

/** Settings that say which file an image is; corrections, splits and sizes do not. */
const UNUSED = new Set(["exclude", "relabel", "validation", "test", "train_share", "split_seed", "size"]);

const DEFAULTS: Omit<ImagesSettings, "source"> = {
  image_column: null,
  label_column: null,
  split_column: null,
  group_column: null,
  label_kind: "category",
  label_columns: [],
  mask_column: null,
  number_columns: [],
  category_columns: [],
  exclude: [],
  relabel: {},
  size: null,
  validation: 0.15,
  test: 0.15,
  train_share: 1,
  split_seed: null,
};

/** Return the settings of an images node with defaults filled in, as the server wants them. */
export function fullSettings(settings: Readonly<Record<string, unknown>>): ImagesSettings {
  const known = Object.entries(settings).filter(([name, value]) => name in DEFAULTS && value !== undefined);
  return { ...DEFAULTS, source: String(settings["source"] ?? ""), ...Object.fromEntries(known) } as ImagesSettings;
}

/** Return the settings that tell images apart, without defaults, so that addresses are short and stay the same. */
export function minimalSettings(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const found: Record<string, unknown> = { source: String(settings["source"] ?? "") };
  for (const name of Object.keys(DEFAULTS).sort()) {
    const value = settings[name];
    if (UNUSED.has(name) || value === undefined || isDefault(name, value)) continue;
    found[name] = value;
  }
  return found;
}

function isDefault(name: string, value: unknown): boolean {
  const usual = (DEFAULTS as Record<string, unknown>)[name];
  return JSON.stringify(usual) === JSON.stringify(value);
}

/**
 * Return the address of an image as a JPEG of at most `side` pixels.
 * `settings` are those of the images node: whole or in part, as they lie in the flow.
 */
export function thumbnailUrl(
  project: string,
  settings: Readonly<Record<string, unknown>>,
  row: Pictured,
  side: ThumbnailSide = 128,
): string {
  const asked = new URLSearchParams({
    settings: JSON.stringify(minimalSettings(settings)),
    key: row.key,
    side: String(side),
  });
  // Without a digest the browser must not keep the picture for good: "now" is the digest of none.
  return `/api/projects/${encodeURIComponent(project)}/thumbnails/${row.digest || "now"}.jpg?${asked}`;
}

/** Return the smallest picture that is sharp at `pixels` on this screen. */
export function sideFor(pixels: number, ratio = 1): ThumbnailSide {
  return THUMBNAIL_SIDES.find((side) => side >= pixels * ratio) ?? 1024;
}
