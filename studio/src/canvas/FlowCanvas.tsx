import "@xyflow/react/dist/base.css";
import "./kinds.css";

import { Background, BackgroundVariant, ConnectionMode, MiniMap, ReactFlow, ReactFlowProvider, SelectionMode, useStore } from "@xyflow/react";
import { Suspense, memo, useEffect, useRef } from "react";

import { Button } from "../kit/Button";
import { lazily } from "../kit/lazily";
import { Empty } from "../kit/small";
import { GRID } from "../model/place";
import { useDoc, useOpen } from "../store/doc";
import { useView } from "../store/view";
import { dropMoved, wireUp } from "./acts";
import { COMPONENT_DRAG, addComponent } from "./adding";
import { CanvasBar } from "./CanvasBar";
import { CanvasMenu } from "./CanvasMenu";
import { ConnectionLine } from "./ConnectionLine";
import css from "./FlowCanvas.module.css";
import { CollapsedGroup, GroupFrame } from "./GroupFrame";
import { endsOf, isValid, letGo } from "./handles";
import { FAR, isGroupId } from "./measures";
import { NodeBox } from "./NodeBox";
import { pressedOnCanvas } from "./pressed";
import { RefusalTip } from "./RefusalTip";
import { type CanvasEdge, type CanvasNode, showActive, takeEdgeChanges, takeNodeChanges, useShown } from "./shown";
import { focusCanvas, placeAt, setInstance, setPointer, useCanvasUi } from "./ui";
import { openSearch, useCanvasCommands } from "./useCanvasCommands";
import { useFocus } from "./useFocus";
import { useSettling } from "./useSettling";
import { FIT, choseView, keepViewport, keptViewport } from "./viewports";
import { Wire } from "./Wire";

// Not part of the drawing: these come after it.
const AddSearch = lazily(() => import("./AddSearch").then((file) => ({ default: file.AddSearch })));
const ConnectPicker = lazily(() => import("./ConnectPicker").then((file) => ({ default: file.ConnectPicker })));

const NODE_TYPES = { component: NodeBox, frame: GroupFrame, collapsed: CollapsedGroup };
const EDGE_TYPES = { wire: Wire };
const SNAP: [number, number] = [GRID, GRID];
const PAN_BUTTONS = [1];
const MANY = ["Shift", "Meta", "Control"];
const MANY_NODES = 24;
const MAP_SIZE = { width: 168, height: 112 };
const WORDS = {
  "node.a11yDescription.default": "Space selects the node, Enter opens its settings, arrows move it, C connects it, Delete removes it.",
  "edge.a11yDescription.default": "Space selects the wire, Delete removes it.",
  "minimap.ariaLabel": "Map of the flow",
};

/** React Flow tells of wires whose ports are not on the screen yet; they are drawn once these are. */
const quiet = (): void => undefined;

/** The canvas of the active flow. */
export const FlowCanvas = memo(function FlowCanvas() {
  const active = useOpen((state) => state.active);
  return active ? (
    <ReactFlowProvider key={active}>
      <Canvas flowKey={active} />
    </ReactFlowProvider>
  ) : null;
});

function Canvas({ flowKey }: { flowKey: string }) {
  const root = useRef<HTMLDivElement>(null);
  useEffect(showActive, [flowKey]);
  useCanvasCommands();
  useFocus();
  useSettling(flowKey);
  return (
    <CanvasMenu>
      <div ref={root} className={css.wrap} onPointerMove={(event) => setPointer([event.clientX, event.clientY])}>
        <Drawing root={root} flowKey={flowKey} />
        <CanvasBar />
        <FirstSteps />
        <Suspense fallback={null}>
          <AddSearch />
          <ConnectPicker />
        </Suspense>
        <RefusalTip />
      </div>
    </CanvasMenu>
  );
}

function Drawing({ root, flowKey }: { root: React.RefObject<HTMLDivElement | null>; flowKey: string }) {
  const nodes = useShown((state) => state.nodes);
  const edges = useShown((state) => state.edges);
  const isSnapping = useView((state) => state.isSnapping);
  const isMapShown = useCanvasUi((state) => state.isMapShown);
  const isFar = useStore((state) => state.transform[2] < FAR);
  const viewport = keptViewport(flowKey);
  useEffect(() => () => setInstance(null, null), []);
  return (
    <ReactFlow<CanvasNode, CanvasEdge>
      data-canvas
      data-lod={isFar ? "far" : "near"}
      tabIndex={0}
      aria-label="Flow canvas"
      className={css.canvas}
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      onInit={(instance) => setInstance(instance, root.current?.querySelector<HTMLElement>("[data-canvas]") ?? null)}
      onNodesChange={takeNodeChanges}
      onEdgesChange={takeEdgeChanges}
      onNodeDragStop={dropMoved}
      onSelectionDragStop={dropMoved}
      onSelectionEnd={() => focusCanvas()}
      onPaneClick={() => focusCanvas()}
      onMoveStart={(event) => (event ? choseView(flowKey) : undefined)}
      onMoveEnd={(_event, view) => keepViewport(flowKey, view)}
      onError={quiet}
      isValidConnection={isValid}
      onConnect={(connection) => {
        const { source, target } = endsOf(connection);
        wireUp(source, target);
      }}
      onConnectStart={() => keepText(true)}
      onConnectEnd={(event, state) => {
        keepText(false);
        letGo(event, state);
      }}
      onReconnect={(edge, connection) => {
        const { source, target } = endsOf(connection);
        wireUp(source, target, edge.id);
      }}
      onDoubleClick={(event) => {
        if ((event.target as HTMLElement).closest(".react-flow__pane")) openSearch();
      }}
      onKeyDown={pressedOnCanvas}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(COMPONENT_DRAG)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
      }}
      onDrop={dropComponent}
      connectionLineComponent={ConnectionLine}
      connectionMode={ConnectionMode.Strict}
      connectionRadius={16}
      selectionOnDrag
      selectionMode={SelectionMode.Partial}
      panOnDrag={PAN_BUTTONS}
      multiSelectionKeyCode={MANY}
      selectionKeyCode={null}
      deleteKeyCode={null}
      disableKeyboardA11y
      zoomOnDoubleClick={false}
      snapToGrid={isSnapping}
      snapGrid={SNAP}
      minZoom={0.1}
      maxZoom={2.5}
      {...(viewport ? { defaultViewport: viewport } : { fitView: true, fitViewOptions: FIT })}
      onlyRenderVisibleElements={nodes.length > MANY_NODES}
      elevateNodesOnSelect
      ariaLabelConfig={WORDS}
    >
      <Background variant={BackgroundVariant.Dots} gap={24} size={1.5} />
      {isMapShown && nodes.length > 0 ? <MiniMap<CanvasNode> style={MAP_SIZE} pannable zoomable nodeColor={mapColor} nodeBorderRadius={8} /> : null}
    </ReactFlow>
  );
}

/** While a wire is drawn, the pointer marks no text on its way. */
function keepText(isKept: boolean): void {
  document.body.style.userSelect = isKept ? "none" : "";
}

function dropComponent(event: React.DragEvent): void {
  const name = event.dataTransfer.getData(COMPONENT_DRAG);
  if (!name) return;
  event.preventDefault();
  const [x, y] = placeAt([event.clientX, event.clientY]);
  addComponent(name, [Math.round((x - 60) / GRID) * GRID, Math.round((y - 20) / GRID) * GRID]);
}

const GROUP_COLORS: Record<string, string> = {
  data: "var(--port-image)",
  preprocess: "var(--port-labels)",
  base: "var(--frozen)",
  layer: "var(--port-logits)",
  merge: "var(--port-features)",
  custom: "var(--port-features)",
  objective: "var(--port-metric)",
};

function mapColor(node: CanvasNode): string {
  if (node.type === "frame") return "var(--s3)";
  if (isGroupId(node.id)) return "var(--text3)";
  return GROUP_COLORS[useShown.getState().looks[node.id]?.face?.group ?? ""] ?? "var(--text3)";
}

/** What to do with a flow that has no nodes. */
function FirstSteps() {
  const isEmpty = useDoc((state) => state.flow.nodes.length === 0);
  if (!isEmpty) return null;
  return (
    <div className={css.first}>
      <Empty title="This flow has no nodes yet">
        <p>Drag a component here, double-click the canvas, or start with images.</p>
        <Button look="primary" onClick={() => addComponent("images")}>
          Add images
        </Button>
        <Button onClick={openSearch}>Search components</Button>
      </Empty>
    </div>
  );
}
