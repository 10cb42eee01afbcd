import { Empty } from "../../../kit/small";
import { SaliencyView } from "../../../panels/look/SaliencyView";
import { lookInto, useLooked } from "../../../store/one_image";
import { Card } from "../Card";
import { ImagePicker } from "./ImagePicker";
import css from "./inside.module.css";
import { MapsPanel } from "./MapsPanel";
import type { InsideProps } from "./views";

/** One image: where the evidence lies in it, and what every stage of the base makes of it, before and after training. */
export default function ImageView({ project, view }: InsideProps) {
  const run = view.card.id;
  const image = useLooked((state) => state.images[`${project}/${run}`]);
  return (
    <div className={css.view}>
      <ImagePicker project={project} view={view} chosen={image ?? null} onChoose={(next) => lookInto(project, run, next)} />
      {image ? (
        <>
          <Card title={`Evidence in ${image.image}`}>
            <SaliencyView key={`${image.image}${image.picture ?? ""}`} project={project} run={run} image={image} />
          </Card>
          <Card title="Through every stage">
            <MapsPanel key={`${image.image}${image.picture ?? ""}`} project={project} run={run} image={image} />
          </Card>
        </>
      ) : (
        <Empty title="No image is chosen">
          <p>Choose one above, or drop a file of your own.</p>
        </Empty>
      )}
    </div>
  );
}
