import { createLayoutWorker } from '../layout/create-worker.ts';
import { StatusPage } from './status-page.ts';
import './status.css';

const page = new StatusPage(createLayoutWorker);
document.getElementById('page')?.append(page.element);
page.start();
