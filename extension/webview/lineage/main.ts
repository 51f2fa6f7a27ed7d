import { LatestRequest } from '../../shared/latest.ts';
import { fromLineagePage, toLineagePage } from '../../shared/messages.ts';
import { createLayoutWorker } from '../layout/create-worker.ts';
import { hostOf } from '../parts/host.ts';
import { LineagePage } from './lineage-page.ts';
import { readKeptPlace } from './lineage-port.ts';
import './lineage.css';

const host = hostOf(toLineagePage, fromLineagePage);
const requests = new LatestRequest();

const page = new LineagePage({
  createWorker: createLayoutWorker,
  kept: readKeptPlace(host.kept()),
  onFault: (message) => host.send({ type: 'fault', message }),
  port: {
    query({ level, focus, depth }) {
      const { request, overtaken } = requests.next();
      if (overtaken !== undefined) host.send({ type: 'cancel', request: overtaken });
      host.send({ type: 'query', request, level, depth, ...(focus !== undefined && { focus }) });
    },
    open: (id, what) => host.send({ type: 'open', id, what }),
    save: (place) => host.keep(place),
  },
});

let isShown = false;
host.onMessage((message) => {
  switch (message.type) {
    case 'show':
      isShown = true;
      return page.show({ level: message.level, focus: message.focus });
    case 'lineage':
      return requests.take(message.request) ? page.receive(message.lineage) : undefined;
    case 'refused':
      return requests.take(message.request) ? page.refuse(message.problem) : undefined;
    case 'changed':
      return page.change(message.nodes);
    case 'connection':
      page.connection(message.state, message.message);
      // Without a wish of the host, where one was before; and whatever was missed is asked for again.
      if (message.state === 'connected') {
        if (isShown) page.askAgain();
        else page.show(undefined);
        isShown = true;
      }
  }
});
document.getElementById('page')?.append(page.element);
host.send({ type: 'ready' });
