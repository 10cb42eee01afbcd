/** Nodes as text on the clipboard: copy, cut, paste, duplicate. */
import { type Piece, type Place, copyPiece, pastePiece, readPiece, removeNodes } from "../model/edits";
import { GRID, USUAL, around, freePlace } from "../model/place";
import { activeDoc, edit } from "../store/doc";
import { say, useToasts } from "../store/toast";
import { useView } from "../store/view";
import { actingNodes, count, naming } from "./acting";
import { boxesOf, placesOf } from "./shown";
import { focusCanvas, placeAt, screenPointer } from "./ui";
import { reveal } from "./useFocus";

let lastPiece: Piece | null = null;

/** Put the nodes as text on the clipboard; returns how many. */
export async function copyActing(isQuiet = false): Promise<number> {
  const flow = activeDoc()?.getState().flow;
  const ids = actingNodes();
  if (!flow || ids.length === 0) return 0;
  lastPiece = copyPiece({ ...flow, layout: placesOf(flow) }, ids);
  try {
    await navigator.clipboard.writeText(JSON.stringify(lastPiece, null, 2));
  } catch {
    say("The browser gives no clipboard here; pasting works inside this page.");
  }
  if (!isQuiet) say(`Copied ${naming(ids)}`);
  return ids.length;
}

export async function cutActing(): Promise<void> {
  const flow = activeDoc()?.getState().flow;
  const ids = actingNodes();
  if (!flow || (await copyActing(true)) === 0) return;
  edit(`Cut ${naming(ids)}`, (now) => removeNodes(now, ids));
  useView.getState().select([]);
  focusCanvas();
}

export async function paste(): Promise<void> {
  let text = "";
  try {
    text = await navigator.clipboard.readText();
  } catch {
    // Not allowed to read it: what was copied in this page is still known.
  }
  const piece = readPiece(text) ?? (text === "" ? lastPiece : null);
  if (!piece) {
    const hint = "Copy nodes of a flow first; other text cannot become nodes.";
    say("The clipboard holds no nodes.", { tone: "error", hint });
    return;
  }
  insert(piece, placeAt(screenPointer()), "Paste");
}

/** Put a piece with its middle at a place, or below that where it covers nothing. */
function insert(piece: Piece, at: Place, verb: string): void {
  const flow = activeDoc()?.getState().flow;
  const boxes = piece.nodes.map(({ id }) => {
    const [x, y] = piece.layout[id] ?? [0, 0];
    return { x, y, width: USUAL.width, height: 2 * USUAL.height };
  });
  const box = around(boxes);
  if (!box || !flow) return;
  const place = freePlace([at[0] - box.width / 2, at[1] - box.height / 2], box, Object.values(boxesOf(flow)));
  const by: Place = [place[0] - box.x, place[1] - box.y];
  let ids: string[] = [];
  edit(`${verb} ${count(piece.nodes.length, "node")}`, (now) => {
    const pasted = pastePiece(now, piece, [Math.round(by[0]), Math.round(by[1])]);
    ids = pasted.ids;
    return pasted.flow;
  });
  useView.getState().select(ids);
  useToasts.getState().announce(`${verb}: ${ids.join(", ")}`);
  focusCanvas(ids[0]);
  if (ids[0]) reveal(ids[0]);
}

export function duplicate(): void {
  const flow = activeDoc()?.getState().flow;
  const ids = actingNodes();
  if (!flow || ids.length === 0) return;
  const piece = copyPiece({ ...flow, layout: placesOf(flow) }, ids);
  const box = around(Object.entries(boxesOf(flow)).flatMap(([id, item]) => (ids.includes(id) ? [item] : [])));
  if (box) insert(piece, [box.x + box.width / 2 + 2 * GRID, box.y + box.height / 2], "Duplicate");
}
