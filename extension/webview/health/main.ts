import { LatestRequest } from '../../shared/latest.ts';
import { fromHealthPage, toHealthPage } from '../../shared/messages.ts';
import { hostOf } from '../parts/host.ts';
import { HealthPage } from './health-page.ts';
import './health.css';

const host = hostOf(toHealthPage, fromHealthPage);
const requests = new LatestRequest();

const page = new HealthPage({
  query(dataset) {
    const { request, overtaken } = requests.next();
    if (overtaken !== undefined) host.send({ type: 'cancel', request: overtaken });
    host.send({ type: 'query', request, dataset });
  },
  openRuns: (dataset, slice) => host.send({ type: 'open-runs', dataset, slice }),
  open: (id, what) => host.send({ type: 'open', id, what }),
  keep: (dataset) => host.keep({ dataset }),
});

host.onMessage((message) => {
  switch (message.type) {
    case 'show':
      return page.show(message.dataset);
    case 'datasets':
      return page.choices(message.datasets);
    case 'report':
      return requests.take(message.request) ? page.receive(message.report) : undefined;
    case 'refused':
      return requests.take(message.request) ? page.refuse(message.problem) : undefined;
    case 'changed':
      return page.changed(message.dataset);
    case 'connection':
      return page.connection(message.state, message.message);
  }
});
document.getElementById('page')?.append(page.element);
const kept = host.kept() as { dataset?: unknown } | null | undefined;
if (typeof kept?.dataset === 'string') page.show(kept.dataset);
host.send({ type: 'ready' });
