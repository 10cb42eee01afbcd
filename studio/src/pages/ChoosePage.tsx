import { FlowViews, type ViewProps } from "./FlowViews";
import { VIEWS } from "./choose/views";

/** How much of the base to retrain, which base, with what settings: advice, and the proof of it. */
export default function ChoosePage(props: ViewProps & { shown: string }) {
  return <FlowViews {...props} page="choose" views={VIEWS} label="Ways to choose" todo="choose" />;
}
