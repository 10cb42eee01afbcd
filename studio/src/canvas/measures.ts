/** Sizes of a node's box that both its style and the wires rely on, in canvas pixels. */
export const HEAD = 40;
export const ROW = 24;
const PAD = 4;

/** How far below a box's top its port of that number lies. */
export const portTop = (index: number): number => HEAD + PAD + ROW * index + ROW / 2;

export const FAR = 0.62;
export const GROUP_PREFIX = "group:";
export const groupNodeId = (group: string): string => `${GROUP_PREFIX}${group}`;
export const isGroupId = (id: string): boolean => id.startsWith(GROUP_PREFIX);
export const groupOfId = (id: string): string => id.slice(GROUP_PREFIX.length);
