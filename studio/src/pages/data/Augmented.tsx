import { useQuery } from "@tanstack/react-query";
import { Shuffle } from "lucide-react";
import { useState } from "react";

import { api, must } from "../../api/client";
import type { BaseCard, FlowNode, Recipe } from "../../api/types";
import { Button } from "../../kit/Button";
import { Busy, Notice } from "../../kit/small";
import { setRecipe } from "../../model/edits";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { edit } from "../../store/doc";
import css from "./data.module.css";
import { ALL, type OpenData, allRows } from "./open";

type Augment = Recipe["augment"];
const CHOICES: readonly (readonly [Augment, string, string])[] = [
  ["none", "None", "Images go in as they are."],
  ["light", "Light", "Mirrored, cropped a little."],
  ["strong", "Strong", "Also other colors, turned, parts hidden."],
];
const NUM_SHOWN = 5;

/** What augmentation makes of one's own images, and what the network is given. */
export function Augmented({ data }: { data: OpenData }) {
  const [turn, setTurn] = useState(0);
  const recipe = data.flow.recipe as Recipe;
  const backbone = data.flow.nodes.find((node) => node.component === "backbone") ?? null;
  const base = useBaseCard(data, backbone);
  const keys = useKeys(data, turn);
  const shown = useQuery({
    queryKey: ["augmented", data.project, data.settings, recipe.augment, recipe.seed, base.data?.port ?? null, keys.data],
    queryFn: ({ signal }) =>
      must(
        api.POST("/api/projects/{project}/data/augmented", {
          params: { path: { project: data.project } },
          body: { settings: data.settings, recipe, port: base.data?.port ?? null, keys: keys.data ?? [], views: 4 },
          signal,
        }),
      ),
    enabled: Boolean(keys.data?.length) && !base.isLoading,
    staleTime: Infinity,
    retry: false,
  });
  const choose = (augment: Augment) =>
    edit(`Augment: ${augment}`, (flow) => (flow.recipe.augment === augment ? flow : setRecipe(flow, { augment })));
  return (
    <div className={css.augment}>
      <div className={css.augmentHead}>
        <fieldset className={css.choices}>
          <legend>Augmentation of training images</legend>
          {CHOICES.map(([value, words, help]) => (
            <label key={value} className={css.choice} data-on={recipe.augment === value || undefined}>
              <input type="radio" name="augment" checked={recipe.augment === value} onChange={() => choose(value)} />
              <span>
                <strong>{words}</strong>
                {help}
              </span>
            </label>
          ))}
        </fieldset>
        <Button onClick={() => setTurn((count) => count + 1)}>
          <Shuffle size={13} aria-hidden /> Other images
        </Button>
      </div>
      <p className={css.note}>
        Only training images are changed, anew in each epoch. Validation and test images, and those that the model is used on, go in
        as they are.
      </p>
      <Received data={data} node={backbone} card={base.data} isLoading={base.isLoading} />
      {shown.error ? <RefusalNotice error={shown.error} onRetry={() => void shown.refetch()} /> : null}
      {keys.error ? <RefusalNotice error={keys.error} onRetry={() => void keys.refetch()} /> : null}
      {!shown.data && !shown.error && !keys.error ? <Busy what="Drawing the views…" /> : null}
      {shown.data && recipe.augment === "none" ? (
        <div className={css.plain}>
          {shown.data.map((sample) => (
            <figure key={sample.key}>
              <Picture project={data.project} name={sample.before} alt={`${sample.key} as it goes in`} />
              <code title={sample.key}>{sample.key}</code>
            </figure>
          ))}
        </div>
      ) : null}
      {shown.data && recipe.augment !== "none" ? (
        <table className={css.views}>
          <thead>
            <tr>
              <th scope="col">As it goes in</th>
              <th scope="col" colSpan={4}>
                What training sees instead, in its first four epochs
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.data.map((sample) => (
              <tr key={sample.key}>
                <td>
                  <Picture project={data.project} name={sample.before} alt={`${sample.key} as it goes in`} />
                  <code title={sample.key}>{sample.key}</code>
                </td>
                {sample.after.map((name, index) => (
                  <td key={index}>
                    <Picture project={data.project} name={name} alt={`${sample.key}, augmented, epoch ${index + 1}`} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </div>
  );
}

function Picture({ project, name, alt }: { project: string; name: string; alt: string }) {
  return <img className={css.view} src={`/api/projects/${encodeURIComponent(project)}/pictures/${name}.png`} alt={alt} loading="lazy" />;
}

/** Some images that are in use, spread over the data; `turn` gives others. */
function useKeys(data: OpenData, turn: number) {
  const where = { project: data.project, settings: data.settings, seed: data.seed };
  return useQuery({
    queryKey: ["augmented-keys", data.project, data.settings, data.seed, turn],
    queryFn: async () => {
      const rows = (await allRows(where, { ...ALL, split: "train" }, 500)).filter((row) => row.digest && !row.is_excluded);
      const step = Math.max(1, Math.floor(rows.length / NUM_SHOWN));
      const picked = Array.from({ length: NUM_SHOWN }, (_, index) => rows[(index * step + turn * 7) % Math.max(1, rows.length)]?.key);
      return [...new Set(picked.filter((key) => key !== undefined))];
    },
    staleTime: Infinity,
    retry: false,
  });
}

/** The base of the flow's first backbone says what images it wants. */
function useBaseCard(data: OpenData, node: FlowNode | null) {
  const base = node ? String(node.settings["base"] ?? "bundled:efficientnet_lite0") : "";
  const size = Number(node?.settings["image_size"] ?? data.settings.size ?? 0) || undefined;
  return useQuery({
    queryKey: ["base", data.project, base, size ?? null],
    queryFn: ({ signal }) => {
      const query = { base, ...(size ? { image_size: size } : {}) };
      return must(api.GET("/api/projects/{project}/bases/card", { params: { path: { project: data.project }, query }, signal }));
    },
    enabled: base !== "",
    staleTime: Infinity,
    retry: false,
  });
}

type ReceivedProps = { data: OpenData; node: FlowNode | null; card: BaseCard | undefined; isLoading: boolean };

function Received({ data, node, card, isLoading }: ReceivedProps) {
  if (isLoading) return <Busy what="Asking the base what it wants…" />;
  if (!node || !card) {
    const side = data.settings.size;
    return (
      <Notice tone="info">
        {side ? `The network receives ${side} × ${side} pixels.` : "No base says what size it wants; squares of 224 pixels are shown."}
      </Notice>
    );
  }
  const { port } = card;
  const list = (values: readonly number[]) => values.map((value) => Number(value.toFixed(3))).join(", ");
  const isPlain = port.mean.every((value) => value === 0) && port.std.every((value) => value === 1);
  const crop = node.settings["crop"] === "port" && port.crop_share < 1 ? `the center ${Math.round(100 * port.crop_share)} % of it` : "its whole short side";
  return (
    <Notice tone="info">
      <strong>{card.title}</strong> receives {port.width} × {port.height} pixels in {port.channel_order.toUpperCase()}, {crop} scaled by{" "}
      {port.interpolation} interpolation, values from {port.value_range[0]} to {port.value_range[1]}
      {isPlain ? "." : `, then less the mean (${list(port.mean)}) and over the deviation (${list(port.std)}).`}
    </Notice>
  );
}
