import { Suspense, useCallback, useEffect, useRef } from "react";
import { Group, Panel, type PanelImperativeHandle, Separator, useDefaultLayout } from "react-resizable-panels";

import { FlowCanvas } from "../../canvas/FlowCanvas";
import { useCommands } from "../../store/commands";
import { useOpen } from "../../store/doc";
import { save } from "../../store/saving";
import { say } from "../../store/toast";
import { useView } from "../../store/view";
import css from "./FlowPage.module.css";
import { lazily } from "../../kit/lazily";

// The canvas comes first; the panels around it follow in files of their own.
const Dock = lazily(() => import("../../panels/Dock").then((file) => ({ default: file.Dock })));
const Inspector = lazily(() => import("../../panels/Inspector").then((file) => ({ default: file.Inspector })));
const LeftPanel = lazily(() => import("../../panels/LeftPanel").then((file) => ({ default: file.LeftPanel })));

/** Up to this height only the tabs of the bottom panel are seen. */
const SHUT = 40;

/** Components and outline on the left, the canvas over the dock, the inspector on the right. All can be resized. */
export function Workspace() {
  const columns = useDefaultLayout({ id: "graftwork-columns" });
  const rows = useDefaultLayout({ id: "graftwork-rows" });
  const dock = useDock();
  useCommands([{ id: "save", run: saveNow }]);
  return (
    <Group orientation="horizontal" defaultLayout={columns.defaultLayout} onLayoutChanged={columns.onLayoutChanged}>
      <Panel id="left" defaultSize="224px" minSize="180px" maxSize="360px" collapsible groupResizeBehavior="preserve-pixel-size">
        <aside className={css.panel} aria-label="Components, outline and recipe">
          <Suspense fallback={null}>
            <LeftPanel />
          </Suspense>
        </aside>
      </Panel>
      <Separator className={css.separator} aria-label="Width of the left panel" />
      <Panel id="middle" minSize="320px">
        <Group orientation="vertical" defaultLayout={rows.defaultLayout} onLayoutChanged={rows.onLayoutChanged}>
          <Panel id="canvas" minSize="160px">
            <FlowCanvas />
          </Panel>
          <Separator className={css.separator} aria-label="Height of the bottom panel" />
          <Panel
            id="dock"
            panelRef={dock.panel}
            defaultSize="252px"
            minSize="120px"
            collapsible
            collapsedSize="37px"
            groupResizeBehavior="preserve-pixel-size"
            onResize={dock.onResize}
          >
            <section className={css.panel} aria-label="Training, results, problems and log">
              <Suspense fallback={null}>
                <Dock />
              </Suspense>
            </section>
          </Panel>
        </Group>
      </Panel>
      <Separator className={css.separator} aria-label="Width of the inspector" />
      <Panel id="right" defaultSize="316px" minSize="240px" maxSize="640px" collapsible groupResizeBehavior="preserve-pixel-size">
        <aside className={css.panel} aria-label="Inspector" data-inspector tabIndex={-1}>
          <Suspense fallback={null}>
            <Inspector />
          </Suspense>
        </aside>
      </Panel>
    </Group>
  );
}

function saveNow(): void {
  const { active } = useOpen.getState();
  if (!active) return;
  void save(active).then(() => say("Saved. Edits are saved by themselves."));
}

/** The bottom panel follows `isDockOpen`, and tells it when it is dragged shut. */
function useDock() {
  const panel = useRef<PanelImperativeHandle>(null);
  const isOpen = useView((state) => state.isDockOpen);
  const toggle = useView((state) => state.toggleDock);
  useEffect(() => {
    const now = panel.current;
    if (!now || now.isCollapsed() === !isOpen) return;
    if (isOpen) now.expand();
    else now.collapse();
  }, [isOpen]);
  const onResize = useCallback(
    ({ inPixels }: { inPixels: number }, _id: string | number | undefined, before: { inPixels: number } | undefined) => {
      if (before && inPixels > SHUT !== before.inPixels > SHUT) toggle(inPixels > SHUT);
    },
    [toggle],
  );
  useCommands([{ id: "dock", run: () => toggle() }]);
  return { panel, onResize };
}
