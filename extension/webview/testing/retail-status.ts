import { anIncident, anOverview, aSource } from '@lakewarden/client/testing';
import { retailLineage } from './retail-lineage.ts';
import type { StatusAnswers } from './status-server.ts';

/** A shop's agent on the day of `retailLineage`. */
export function retailStatus(): StatusAnswers {
  return {
    overview: anOverview(),
    incidents: { items: [anIncident()] },
    lag: {
      sources: [
        aSource(),
        aSource({ source: 'clicks', dataset: 'bronze.clicks', events: 312, seconds: 4 }),
        aSource({
          source: 'vendors',
          kind: 'data-factory',
          dataset: 'bronze.vendors',
          state: 'late',
          why: 'window 2011-12-10 is due since 3 h',
          partitions: [],
          window: { key: '2011-12-10', state: 'due' },
        }),
      ],
    },
    lineage: retailLineage(),
  };
}
