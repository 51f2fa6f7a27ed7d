import type { ServerResponse } from 'node:http';
import type { Principal, Role } from '@lakewarden/contracts';
import type { z } from 'zod';

/** One route: what it is (for OpenAPI, for the guards) and what it does. A route without `access` does not compile. */
export interface Route {
  /** Unique: `query-datasets`, `action-pause`. */
  readonly id: string;
  readonly method: 'GET' | 'POST';
  /** `:name` parts, as the router wants them. */
  readonly path: string;
  /** `public` answers without a token; nothing that is worth knowing may be. */
  readonly access: 'public' | Role;
  readonly tag: 'queries' | 'actions' | 'events' | 'alerts' | 'agent' | 'page';
  readonly summary: string;
  /** Parts of the path and of the query string. */
  readonly input?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The header that a request must carry, unless it changes nothing. */
  readonly idempotent?: boolean;
  readonly success: {
    readonly status: 200 | 202;
    readonly type: string;
    readonly schema?: z.ZodType;
  };
  readonly handle: Handle;
}

export interface RouteRequest {
  readonly id: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly response: ServerResponse;
  /** For a public route: nobody, who may do nothing. */
  readonly caller: Principal;
  readonly expiresAtMs: number;
  /** Fires when the client has gone or the API is stopped in the midst of it. */
  readonly clientGone: AbortSignal;
  /** Fires when the API is stopped in the midst of it; what must not be left half done heeds only this one. */
  readonly stopping: AbortSignal;
}

/** Undefined: the response is in other hands. An object is sent as JSON, a text as it is. */
export type Handle = (request: RouteRequest) => Promise<RouteAnswer | undefined>;

export interface RouteAnswer {
  readonly body: unknown;
  /** In place of those that every response has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** 304: what the client has is still the same. */
  readonly notModified?: boolean;
}

export const JSON_TYPE = 'application/json; charset=utf-8';
