import { GripHorizontal } from "lucide-react";
import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useRef, useState } from "react";

import type { StageCard } from "../../api/types";
import { type Choice, refusedAt, snap, step } from "../../model/boundary";
import type { Beside } from "../../model/depth";
import { formatExact } from "../../model/format";
import css from "./base.module.css";
import { StageRow } from "./StageRow";
import type { Boundary } from "./useBoundary";

type Props = { boundary: Boundary; isCompact: boolean; besides?: ReadonlyMap<string, Beside> | null };

/** The stages of a base with the freeze boundary between them. */
export function StageList({ boundary, isCompact, besides = null }: Props) {
  const { card, whole, states, index, choices, words, isDragging, show, commit, toggle, reset } = boundary;
  const list = useRef<HTMLDivElement>(null);
  const rows = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [refused, setRefused] = useState<string | null>(null);
  const [top, setTop] = useState(0);

  useLayoutEffect(() => {
    const here = rows.current;
    if (!here) return;
    const measure = () => {
      const block = here.children[index] as HTMLElement | undefined;
      const at = here.offsetTop + (block ? block.offsetTop : here.offsetHeight);
      setTop(at);
      keepInSight(list.current, at);
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(here);
    return () => watch.disconnect();
  }, [index, states.length]);

  /** Height of the pointer in stages: 2.5 is the middle of the third one. */
  const heightAt = (y: number): number => {
    const blocks = [...(rows.current?.children ?? [])];
    for (const [at, block] of blocks.entries()) {
      const box = block.getBoundingClientRect();
      if (y < box.bottom) return at + Math.max(0, (y - box.top) / box.height);
    }
    return blocks.length;
  };

  const move = (event: PointerEvent) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    scrollNear(list.current, event.clientY);
    const height = heightAt(event.clientY);
    setRefused(refusedAt(choices, height));
    const found = snap(choices, height);
    if (found && (found.index !== index || !isDragging)) show(found.index);
  };
  const release = (event: PointerEvent) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    event.currentTarget.releasePointerCapture(event.pointerId);
    setRefused(null);
    commit(index);
  };
  const press = (event: KeyboardEvent) => {
    const first = choices.find((choice) => choice.isLegal);
    const last = choices.findLast((choice) => choice.isLegal);
    const moves: Record<string, (() => Choice | null | undefined) | undefined> = {
      ArrowUp: () => step(choices, index, -1),
      ArrowLeft: () => step(choices, index, -1),
      ArrowDown: () => step(choices, index, 1),
      ArrowRight: () => step(choices, index, 1),
      Home: () => first,
      End: () => last,
    };
    const found = moves[event.key]?.();
    if (event.key === "Escape" && isDragging) show(null);
    else if (!found || event.altKey || event.ctrlKey || event.metaKey) return;
    else show(found.index);
    event.preventDefault();
    event.stopPropagation();
  };
  const toggleOpen = (stage: string) =>
    setOpen((now) => new Set(now.has(stage) ? [...now].filter((name) => name !== stage) : [...now, stage]));

  if (!card) return null;
  const classifier = (whole ?? card).old_classifier;
  const leftOut = (whole ?? card).stages.slice(card.stages.length);
  return (
    <div ref={list} className={[css.list, isCompact ? css.compact : "", "nowheel", "nodrag"].join(" ")} data-refused={refused !== null}>
      <div className={css.rows} ref={rows}>
        {states.map((state) => (
          <StageRow key={state.stage.name} state={state} isOpen={open.has(state.stage.name)} isCompact={isCompact} beside={besides?.get(state.stage.name)} onOpen={toggleOpen} onToggle={toggle} onReset={reset} />
        ))}
      </div>
      {leftOut.map((stage) => (
        <LeftOut key={stage.name} stage={stage} text="left out by the last stage" />
      ))}
      {classifier ? (
        <LeftOut stage={classifier} text={`${formatExact(classifier.num_parameters)} parameters of the old classifier were left out`} />
      ) : null}
      <div className={css.boundary} style={{ top }} data-dragging={isDragging}>
        <div
          role="slider"
          tabIndex={0}
          className={[css.handle, "nodrag", "nopan"].join(" ")}
          aria-label="Freeze boundary"
          aria-orientation="vertical"
          aria-valuemin={0}
          aria-valuemax={states.length}
          aria-valuenow={index}
          aria-valuetext={words}
          title="Drag the freeze boundary; stages above it are frozen"
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            event.stopPropagation();
            event.currentTarget.setPointerCapture(event.pointerId);
          }}
          onPointerMove={move}
          onPointerUp={release}
          onPointerCancel={() => {
            setRefused(null);
            show(null);
          }}
          onKeyDown={press}
          onKeyUp={(event) => (isDragging && event.key !== "Escape" ? commit(index) : undefined)}
          onBlur={() => (isDragging ? commit(index) : undefined)}
        >
          <GripHorizontal size={13} aria-hidden />
        </div>
        {refused ? (
          <div className={css.refused} role="status">
            {refused}
          </div>
        ) : null}
      </div>
    </div>
  );
}

function LeftOut({ stage, text }: { stage: StageCard; text: string }) {
  return (
    <div className={css.leftOut} title={`${stage.name}: ${stage.kind}`}>
      <span className={css.name}>{stage.name}</span>
      <span>{text}</span>
    </div>
  );
}

const EDGE = 24;

/** Scroll the list just far enough to show the handle. */
function keepInSight(list: HTMLElement | null, top: number): void {
  if (!list || list.scrollHeight <= list.clientHeight) return;
  if (top < list.scrollTop + EDGE) list.scrollTop = top - EDGE;
  else if (top > list.scrollTop + list.clientHeight - EDGE) list.scrollTop = top - list.clientHeight + EDGE;
}

function scrollNear(list: HTMLElement | null, y: number): void {
  if (!list) return;
  const box = list.getBoundingClientRect();
  if (y < box.top + EDGE) list.scrollTop -= 8;
  else if (y > box.bottom - EDGE) list.scrollTop += 8;
}
