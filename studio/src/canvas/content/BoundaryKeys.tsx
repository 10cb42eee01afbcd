import { step } from "../../model/boundary";
import { useCommands } from "../../store/commands";
import type { Boundary } from "./useBoundary";

/** The keys that move the boundary of the chosen node from the canvas. */
export function BoundaryKeys({ boundary }: { boundary: Boundary }) {
  const { choices, index, commit, card } = boundary;
  const to = (direction: 1 | -1) => step(choices, index, direction);
  const whyNot = (direction: 1 | -1) => {
    if (!card) return "The base is not open yet.";
    if (to(direction)?.index !== index) return null;
    return direction === 1 ? "The whole base is frozen." : "No stage is frozen.";
  };
  const go = (direction: 1 | -1) => () => {
    const found = to(direction);
    if (found) commit(found.index);
  };
  useCommands([
    { id: "boundary-up", run: go(-1), whyNot: whyNot(-1) },
    { id: "boundary-down", run: go(1), whyNot: whyNot(1) },
  ]);
  return null;
}
