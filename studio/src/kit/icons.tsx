/** Icons of components: one for each, else one for its group; and of the kinds of data. */
import {
  Activity,
  Blend,
  Box,
  Braces,
  ChartNoAxesColumn,
  Code,
  Combine,
  Contrast,
  Crop,
  Droplets,
  Equal,
  Expand,
  Eye,
  Flag,
  FlipVertical2,
  Frame,
  Grid3x3,
  Hash,
  Image,
  Images,
  Layers,
  type LucideIcon,
  ListOrdered,
  Maximize,
  Merge,
  Minimize2,
  Package,
  PackageSearch,
  Puzzle,
  Radar,
  Repeat,
  Rows3,
  Ruler,
  Scaling,
  Shapes,
  Shuffle,
  Sigma,
  SlidersHorizontal,
  Snowflake,
  Split,
  Tags,
  Target,
  ToggleLeft,
  Trophy,
  Waves,
} from "lucide-react";
import type { ReactElement } from "react";

import css from "./icons.module.css";

const OF_GROUP: Record<string, LucideIcon> = {
  data: Images,
  base: Snowflake,
  preprocess: SlidersHorizontal,
  layer: Layers,
  merge: Merge,
  objective: Target,
  custom: Code,
};

const OF_COMPONENT: Record<string, LucideIcon> = {
  images: Images,
  target_images: Images,
  adaptation: Combine,
  backbone: Snowflake,
  head: Flag,
  resize: Scaling,
  crop: Crop,
  pad: Frame,
  normalize: Equal,
  rescale: Ruler,
  grayscale: Contrast,
  one_hot: Hash,
  dense: Rows3,
  batch_norm: ChartNoAxesColumn,
  layer_norm: Sigma,
  dropout: Droplets,
  activation: Activity,
  softmax: Blend,
  argmax: Trophy,
  convolution: Grid3x3,
  pooling: Minimize2,
  embedding: PackageSearch,
  recurrent: Repeat,
  attention: Eye,
  reshape: Shapes,
  permute: Shuffle,
  flatten: ListOrdered,
  unet_decoder: Expand,
  merge: Combine,
  switch: ToggleLeft,
  classification: Target,
  binary: FlipVertical2,
  multi_label: Tags,
  regression: Waves,
  segmentation: Image,
  anomaly: Radar,
  custom: Code,
};

const UNKNOWN = Puzzle;

/** Return the icon of a component; decoration, since its name always stands beside it. */
export function componentIcon(group: string | null | undefined, name = "", size = 16): ReactElement {
  const Icon = OF_COMPONENT[name] ?? OF_GROUP[group ?? ""] ?? UNKNOWN;
  return <Icon size={size} aria-hidden />;
}

/** Return a component's icon on a tile in the color of its group, as headers and lists show it. */
export function componentTile(group: string | null | undefined, name = "", side = 24): ReactElement {
  return (
    <span className={css.tile} data-group={group ?? "unknown"} style={{ width: side, height: side }}>
      {componentIcon(group, name, Math.round(side * 0.62))}
    </span>
  );
}

const OF_COMMAND: Record<string, LucideIcon> = {
  flow: Braces,
  run: Activity,
  base: Package,
  page: Maximize,
  setting: SlidersHorizontal,
  split: Split,
  node: Box,
};

/** Return the icon of a kind of thing that can be looked for. */
export function thingIcon(kind: string, size = 15): ReactElement {
  const Icon = OF_COMMAND[kind] ?? Box;
  return <Icon size={size} aria-hidden />;
}
