/** One image looked into: which one, what is asked about it, and images that were sent for it. */
import { keepPreviousData } from "@tanstack/react-query";
import { create } from "zustand";

import { api, must, send } from "../api/client";
import type { MapsDocument, SaliencyReply, SentImage } from "../api/types";
import type { LookedImage, Method } from "../model/one_image";

/** The image that is looked into, by run; it stays while the page is open. */
export const useLooked = create<{ images: Readonly<Record<string, LookedImage>> }>(() => ({ images: {} }));

/** Look into an image of a run from now on. */
export function lookInto(project: string, run: string, image: LookedImage): void {
  useLooked.setState((state) => ({ images: { ...state.images, [`${project}/${run}`]: image } }));
}

export type SaliencyQuestion = { method: Method | null; of: string | null; sanity: boolean };
export type MapsQuestion = { stage: string | null; order: MapsDocument["order"] };

export const askImage = {
  saliency: (project: string, run: string, image: LookedImage, question: SaliencyQuestion) => ({
    queryKey: ["saliency", project, run, image, question],
    queryFn: ({ signal }: { signal: AbortSignal }): Promise<SaliencyReply> =>
      must(
        api.POST("/api/projects/{project}/inspections/saliency", {
          params: { path: { project } },
          body: { run, ...image, ...question },
          signal,
        }),
      ),
    staleTime: Infinity,
    retry: false,
  }),
  maps: (project: string, run: string, image: LookedImage, question: MapsQuestion) => ({
    queryKey: ["maps", project, run, image, question],
    queryFn: ({ signal }: { signal: AbortSignal }): Promise<MapsDocument> =>
      must(
        api.POST("/api/projects/{project}/inspections/maps", {
          params: { path: { project } },
          body: { run, ...image, ...question, number: 24 },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    retry: false,
  }),
};

/** Give the server an image of one's own to look into. */
export async function sendImage(project: string, file: Blob, name: string): Promise<LookedImage> {
  const { picture } = await send<SentImage>("POST", `/api/projects/${encodeURIComponent(project)}/inspections/images/new`, file);
  return { image: name, picture };
}
