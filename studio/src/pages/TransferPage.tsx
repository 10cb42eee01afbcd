import { FlowViews, type ViewProps } from "./FlowViews";
import { VIEWS } from "./transfer/views";

/** Transfer beyond retraining: between domains, by instances, by hyperparameters, by relations. */
export default function TransferPage(props: ViewProps & { shown: string }) {
  return <FlowViews {...props} page="transfer" views={VIEWS} label="Kinds of transfer" todo="transfer" />;
}
