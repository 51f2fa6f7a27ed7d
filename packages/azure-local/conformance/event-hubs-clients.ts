import type {
  EventHubConsumerClient,
  EventPosition,
  MessagingError,
  ReceivedEventData,
  SubscribeOptions,
} from '@azure/event-hubs';

/** Failures are to show within seconds; the SDK's own defaults wait half a minute before it tries again. */
export const QUICK_RETRY = { maxRetries: 2, retryDelayInMs: 50, timeoutInMs: 10_000 };

/** Reads at least `count` events of one partition from `startPosition` on; fails on an error of the receiver. */
export async function receive(
  client: EventHubConsumerClient,
  partition: string,
  count: number,
  startPosition: EventPosition,
  options: SubscribeOptions = {},
): Promise<ReceivedEventData[]> {
  const events: ReceivedEventData[] = [];
  if (count <= 0) return events;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const subscription = client.subscribe(
    partition,
    {
      processEvents: async (batch) => {
        events.push(...batch);
        if (events.length >= count) resolve();
      },
      processError: async (error) => reject(error),
    },
    { startPosition, maxBatchSize: 500, prefetchCount: 4000, maxWaitTimeInSeconds: 60, ...options },
  );
  try {
    await promise;
  } finally {
    await subscription.close();
  }
  return events;
}

/** The error that `work` must fail with. */
export async function refusal(work: Promise<unknown>): Promise<MessagingError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error('expected a refusal');
  return error as MessagingError;
}
