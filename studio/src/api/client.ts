/** The one way to the server. A refused request becomes a `Refusal` that says what, and what to do. */
import createClient from "openapi-fetch";

import type { paths } from "./schema";
import type { ErrorBody } from "./types";

/** The server said no, or could not be reached (status 0). */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: Partial<ErrorBody> & { message: string },
  ) {
    super(body.message);
    this.name = "Refusal";
  }
  get kind(): string {
    return this.body.error ?? "Error";
  }
  get hint(): string | null {
    return this.body.hint ?? null;
  }
  get isOffline(): boolean {
    return this.status === 0;
  }
}

export const api = createClient<paths>({ baseUrl: "" });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Return what the server answered, or throw why not. */
export async function must<T>(call: Promise<Answer<T>>): Promise<NonNullable<T>> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refusal(0, { message: "The server cannot be reached.", hint: "Is graftwork studio still running?" });
  }
  if (!answer.response.ok) throw new Refusal(answer.response.status, bodyOf(answer.error, answer.response));
  return answer.data as NonNullable<T>;
}

function bodyOf(error: unknown, response: Response): Partial<ErrorBody> & { message: string } {
  if (typeof error === "object" && error !== null && "message" in error) return error as ErrorBody;
  return { message: `The server answered ${response.status} ${response.statusText}.` };
}

/** Send bytes, which the typed client does not do. */
export async function send<T>(method: "PUT" | "POST", url: string, body: Blob, signal?: AbortSignal): Promise<T> {
  const call = fetch(url, { method, body, ...(signal ? { signal } : {}) }).then(async (response) => {
    const text = await response.text();
    const content: unknown = text ? JSON.parse(text) : null;
    return response.ok ? { data: content as T, response } : { error: content, response };
  });
  return (await must<T>(call)) as T;
}
