/** Short names for what the server says; the shapes themselves are generated from its OpenAPI document. */
import type { components } from "./schema";

type Schemas = components["schemas"];
/** The shape as the server sends it: every field is there. */
type Said<K extends string> = `${K}-Output` extends keyof Schemas
  ? Schemas[`${K}-Output`]
  : K extends keyof Schemas
    ? Schemas[K]
    : never;

export type Flow = Said<"Flow">;
export type FlowNode = Said<"Node">;
export type FlowEdge = Said<"Edge">;
export type FlowGroup = Said<"Group">;
export type Recipe = Said<"Recipe">;
export type FlowFile = Said<"FlowFile">;
export type Facts = Said<"Facts">;
export type FlowCheck = Said<"FlowCheck">;
export type NodeFace = Said<"NodeFace">;
export type PortFace = Said<"PortFace">;
export type Problem = Said<"Problem">;
export type Proposal = Said<"Proposal">;
export type ComponentCard = Said<"ComponentCard">;
export type BaseCard = Said<"BaseCard">;
export type StageCard = Said<"StageCard">;
export type LayerCard = Said<"LayerCard">;
export type BaseItem = Said<"BaseItem">;
export type CutTable = Said<"CutTable">;
export type CutCost = Said<"CutCost">;
export type Plan = Said<"Plan">;
export type NodeCode = Said<"NodeCode">;
export type PreviewDocument = Said<"PreviewDocument">;
export type SamplePreview = Said<"SamplePreview">;
export type View = SamplePreview["view"];
export type TensorStats = Said<"TensorStats">;
export type SourceCard = Said<"SourceCard">;
export type DataView = Said<"DataView">;
export type DataFix = Said<"DataFix">;
export type SampleRow = Said<"SampleRow">;
export type SamplePage = Said<"SamplePage">;
export type ImagesSettings = Said<"ImagesSettings">;
export type AppInfo = Said<"AppInfo">;
export type ProjectCard = Said<"ProjectCard">;
export type TemplateCard = Said<"TemplateCard">;
export type FileListing = Said<"FileListing">;
export type Hub = Said<"Hub">;
export type FlowCard = Said<"FlowCard">;
export type RunCard = Said<"RunCard">;
export type RunView = Said<"RunView">;
export type RunRecord = Said<"RunRecord">;
export type RunProgress = Said<"RunProgressDocument">;
export type Controls = Said<"Controls">;
export type Proof = Said<"Proof">;
export type Interval = Said<"Interval">;
export type PredictionPage = Said<"PredictionPage">;
export type PredictionRow = Said<"PredictionRow">;
export type PredictionReply = Said<"PredictionReply">;
export type PlacePage = Said<"PlacePage">;
export type PlaceRow = Said<"PlaceRow">;
export type EventLine = Said<"EventLine">;
export type RunEvent = EventLine["event"];
export type FeedMessage = Said<"FeedMessage">;
export type Watch = Said<"Watch">;
export type ErrorBody = Schemas["ErrorBody"];
export type EmbeddingMap = Said<"EmbeddingMap">;
export type NeighborList = Said<"NeighborList">;
export type MapsDocument = Said<"MapsDocument">;
export type StageLook = Said<"StageLook">;
export type ChannelMap = Said<"ChannelMap">;
export type SaliencyDocument = Said<"SaliencyDocument">;
export type SaliencyReply = Said<"SaliencyReply">;
export type SentImage = Said<"SentImage">;
