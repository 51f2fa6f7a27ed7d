/**
 * The seam between the local Azure's server base and its services.
 *
 * An HTTP service turns a request into an answer *value*; it never writes to the socket. So the server can place
 * injected faults exactly before the effect, or between the effect and its answer, for every service alike.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { RunRecord } from '../data-factory/runs/run-record.ts';

/**
 * Names used by the fault control endpoint. `login` covers the managed-identity endpoint too; `data-factory` means runs
 * and their activities (method RUN, operation `copy`, ...), while requests to Data Factory are `arm`.
 */
export type ServiceName =
  | 'storage'
  | 'arm'
  | 'login'
  | 'event-hubs'
  | 'data-factory'
  | 'log-analytics'
  | 'metrics';

/** One HTTP request, with its body still unread. */
export type HttpRequest = {
  readonly service: ServiceName | 'control';
  /** Fresh for each request; services echo it as `x-ms-request-id`. */
  readonly requestId: string;
  readonly method: string;
  /** Path as sent, still percent-encoded, beginning with `/`, without the query. */
  readonly rawPath: string;
  /** Query as sent, without `?`. */
  readonly rawQuery: string;
  /** Decoded query. */
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: IncomingHttpHeaders;
  /** `scheme://host` under which the client reached us (from the Host header), without trailing slash. */
  readonly origin: string;
  readonly secure: boolean;
  /** Aborts when the client has gone before its answer was complete. */
  readonly signal: AbortSignal;
  /** The body as a stream, for large bodies. Use either this or `body`/`json`. */
  readonly stream: Readable;
  /** The whole body. Throws `BodyTooLarge` above `bytesMax`, answered as 413. */
  body(bytesMax?: number): Promise<Buffer>;
  /** The body as JSON (undefined when empty). Throws `MalformedBody`, answered as 400. */
  json(bytesMax?: number): Promise<unknown>;
};

/** What goes back. `content-length` is set by the server for string and byte bodies. */
export type HttpAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable;
};

/** A failure that the service says in its own format (JSON for ARM and DFS, XML for blob, OAuth JSON for login). */
export type ErrorDetail = { readonly status: number; readonly code: string; readonly message: string };

export type HttpService = {
  /** Short name of what the request does (`put-blob`, `create-run`), matched by faults. Pure; never reads the body. */
  operation?(request: HttpRequest): string | undefined;
  /** Does the work. A throw is answered as 500 `InternalError` and reported to `onError`. */
  handle(request: HttpRequest): Promise<HttpAnswer>;
  /** Injected and unexpected failures, said as this service says errors. Default: `{error:{code,message}}`. */
  errorAnswer?(request: HttpRequest, error: ErrorDetail): HttpAnswer;
};

/** What a fault is matched against. For AMQP: method = `SEND`, `RECEIVE`, `OPEN`, ... and path = the link's address. */
export type FaultTarget = {
  readonly service: ServiceName;
  readonly method: string;
  readonly path: string;
  readonly operation?: string | undefined;
};

/**
 * `done`: the effect ran (its value is to be sent). `error`: say this failure instead. `drop`: cut the connection
 * without an answer. `effect` tells whether the effect has been applied.
 */
export type FaultOutcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | {
      readonly kind: 'error';
      readonly effect: boolean;
      readonly status: number;
      readonly code: string | undefined;
      readonly retryAfterS: number | undefined;
    }
  | { readonly kind: 'drop'; readonly effect: boolean };

/** `strikes` asks this one fault about one target; a yes is a hit. */
export type InstalledFault = { readonly kind: string; strikes(target: FaultTarget): boolean };

/** Faults of what a service does, whatever is asked of it. */
export type ConductAction =
  /** data-factory: a copy reports success and brings nothing, or the first `fileCount` of its files (default: half). */
  | { readonly kind: 'distort-copy'; readonly what: 'zero-rows' }
  | { readonly kind: 'distort-copy'; readonly what: 'partial'; readonly fileCount: number | undefined }
  /** data-factory: a run stays InProgress and does nothing, until it is cancelled or the fault is deleted. */
  | { readonly kind: 'stuck-run' }
  /** data-factory: runs younger than this are not listed; by their id they are found. */
  | { readonly kind: 'listing-lag'; readonly lagMs: number }
  /** event-hubs: the open links that match are detached once, when the fault is installed. */
  | { readonly kind: 'detach' }
  /** event-hubs: connections are cut, and new ones refused while the fault stands. */
  | { readonly kind: 'refuse' };

export type Faults = {
  /**
   * Runs `effect` between the faults that match `target`. Every service routes every request (HTTP) or transfer and
   * link event (AMQP) through this. When `signal` aborts (client gone) a held request is let go; one held before its
   * effect is then abandoned (outcome `drop`, effect false).
   */
  around<T>(target: FaultTarget, effect: () => Promise<T>, signal?: AbortSignal): Promise<FaultOutcome<T>>;
  /** True while no fault is installed for the service: hot paths may then skip `around`. */
  idle(service: ServiceName): boolean;
  /** The oldest fault of this kind that strikes `target`; each one returned counts as a hit. */
  strike<K extends ConductAction['kind']>(
    target: FaultTarget,
    kind: K,
  ): Extract<ConductAction, { readonly kind: K }> | undefined;
  /** As `strike`, and then stands still until that fault is deleted or `signal` aborts. */
  stall(target: FaultTarget, kind: ConductAction['kind'], signal: AbortSignal): Promise<void>;
  /** Calls `listener` with each fault that is installed for `service` from now on; returns how to stop that. */
  onInstall(service: ServiceName, listener: (fault: InstalledFault) => void): () => void;
};

/** Everything secret, kept in DIR/secrets.json (0600) and the same after a restart. */
export type Secrets = {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Expected in `X-IDENTITY-HEADER` by the managed-identity endpoint. */
  readonly identityHeader: string;
  /** Event Hubs shared access policy. */
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
  /** Bearer of the control endpoint. */
  readonly controlToken: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** Application (client) id of the registration that stands for the agent's API; the same after a restart. */
  readonly agentApiId: string;
  /** Of the one Log Analytics workspace; the same after a restart. */
  readonly workspaceId: string;
  /** Base64 key of a storage account; any account has one, made on demand and always the same. */
  storageAccountKey(account: string): string;
};

export type TokenClaims = {
  readonly aud: string;
  readonly iss: string;
  readonly exp: number;
  readonly oid?: string;
  readonly appid?: string;
  readonly [claim: string]: unknown;
};
export type TokenVerdict =
  | { readonly valid: true; readonly claims: TokenClaims }
  | { readonly valid: false; readonly reason: 'malformed' | 'signature' | 'expired' | 'audience' | 'issuer' };

/** Checks signature, issuer, expiry, and that `aud` is one of `audiences` (a trailing slash is ignored). */
export type VerifyToken = (jwt: string, audiences: readonly string[]) => Promise<TokenVerdict>;

/** PEM texts of the local certificate; `ca` is the authority that signed it. */
export type TlsMaterial = { readonly key: string; readonly cert: string; readonly ca: string };

/** `now` is milliseconds since 1970, injected so that tests own the clock. */
export type ServiceOptions = {
  /** DIR of the whole local Azure; a service keeps its own folder below (`DIR/eventhubs`, `DIR/datafactory`, ...). */
  readonly dataDir: string;
  readonly secrets: Secrets;
  readonly faults: Faults;
  readonly now: () => number;
};

/** Files of the lake for services inside this process (Data Factory's Copy). Paths have no leading slash. */
export type LakeFiles = {
  /** Files at or below `path`, recursively, sorted by path; empty when nothing is there. */
  list(
    account: string,
    fileSystem: string,
    path: string,
  ): Promise<readonly { path: string; bytes: number }[]>;
  /** Undefined when there is no such file. */
  read(account: string, fileSystem: string, path: string): Promise<Readable | undefined>;
  /** Replaces the file atomically; on disk when it returns. Parent folders (and the file system) are made. */
  write(
    account: string,
    fileSystem: string,
    path: string,
    content: AsyncIterable<Uint8Array>,
  ): Promise<{ bytes: number }>;
};

/** src/identity/service.ts: `createIdentity(options: IdentityOptions): Promise<Identity>` */
export type IdentityOptions = Omit<ServiceOptions, 'faults'>;
export type Identity = {
  /** `/{tenant}/...` (OpenID metadata, JWKS, token) and `/msi/token` on one origin. */
  readonly http: HttpService;
  readonly verifyToken: VerifyToken;
};

/** src/event-hubs/service.ts: `createEventHubs(options: EventHubsOptions): Promise<EventHubs>` */
export type EventHubsOptions = ServiceOptions & {
  readonly tls: TlsMaterial;
  readonly verifyToken: VerifyToken;
};
export type EventHubs = {
  /** Port 0 means ephemeral. Binds to `host` only. Returns the ports really bound. */
  listen(ports: {
    readonly host: string;
    readonly amqpPort: number;
    readonly amqpsPort: number;
  }): Promise<{ amqpPort: number; amqpsPort: number; wsPort?: number }>;
  /** Routes below `/subscriptions/../providers/Microsoft.EventHub/`; the token has been checked already. */
  readonly arm: HttpService;
  readonly incoming: IncomingMessages;
  close(): Promise<void>;
};

/** What hubs took in over time, read from their logs: what retention has dropped is not counted any more. */
export type IncomingMessages = {
  namespaces(): readonly { readonly name: string; readonly location: string }[];
  /** Undefined: there is no such namespace. */
  hubs(namespace: string): readonly { readonly name: string; readonly createdAtMs: number }[] | undefined;
  /** Events enqueued in each of `grainCount` spans of `grainMs` from `fromMs` on; zeros for a hub that is gone. */
  count(
    namespace: string,
    hub: string,
    grains: { readonly fromMs: number; readonly grainMs: number; readonly grainCount: number },
  ): Promise<readonly number[]>;
};

/** src/data-factory/service.ts: `createDataFactory(options: DataFactoryOptions): Promise<DataFactory>` */
export type DataFactoryOptions = ServiceOptions & { readonly lake: LakeFiles };
export type DataFactory = {
  /** Routes below `/subscriptions/../providers/Microsoft.DataFactory/`; the token has been checked already. */
  readonly arm: HttpService;
  /** The runs of all factories, as they stand on disk. */
  runs(): readonly RunRecord[];
  /** Stops runs in flight without losing them: they go on, or are failed, at the next start. */
  close(): Promise<void>;
};
