/** Questions about masks and heat maps of a run. */
import { api, must } from "../api/client";
import { PLACES_PAGE, type PlacesQuestion } from "../model/places";

export const askPlaces = (project: string, run: string, question: PlacesQuestion) => ({
  queryKey: ["places", project, run, question],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    must(
      api.POST("/api/projects/{project}/inspections/places", {
        params: { path: { project } },
        body: { run, ...question, limit: PLACES_PAGE },
        signal,
      }),
    ),
  // Pictures make room for newer ones on the server: a page that was left long ago is asked for anew.
  staleTime: 5 * 60_000,
});
