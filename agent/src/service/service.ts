import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchSource, BronzeDataset, HubSource, Pipeline } from '@lakewarden/compute';
import { type ControlEffect, TransientError } from '@lakewarden/contracts';
import {
  ActiveRuns,
  backfillStep,
  type ControlLog,
  createActions,
  drainSource,
  EMPTY_CONTROL,
  type EmitFact,
  type Fact,
  FailureMemory,
  landWindow,
  lastClosedWindow,
  lookAtAll,
  openControlLog,
  policyAt,
  readerOf,
  reasonOf,
  reconcileAll,
  replayHub,
  rootOf,
} from '@lakewarden/core';
import { openAlertInbox } from '../adapters/alert-inbox.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createApi } from '../api/create-api.ts';
import { createEventHub } from '../api/event-hub.ts';
import { keepTokenFile, openTokenAuthority, TOKEN_FILE, writePrivate } from '../api/token-files.ts';
import type { AgentConfig } from '../config.ts';
import { openParts, type Parts } from '../parts.ts';
import { createAnswers } from '../queries/answers.ts';
import { createPreviews } from '../queries/preview.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createActionHost } from './action-host.ts';
import { openAlerts } from './alerts.ts';
import { Board } from './board.ts';
import { breakerHealth } from './breaker-health.ts';
import { BuildLoop } from './build-loop.ts';
import { factsOnto } from './fact-board.ts';
import { HubLanding } from './hub-landing.ts';
import { createMonitorLoop } from './monitor-loop.ts';
import { performActions } from './perform-actions.ts';
import { createPlanHost } from './plan-host.ts';
import { publishFacts } from './publish-runs.ts';
import { createWatch } from './watch.ts';
import { WindowLanding } from './window-landing.ts';

/** Below the state folder: where clients of the same user find the API. */
const API_FILE = 'api.json';
/** Slices of a backfill that are built before live work is looked at again. */
const BACKFILL_SLICES_MAX = 4;
const START_REST_MS = 2_000;
/** What runs is let to its end for so long when the agent stops; then it is cut off, which costs nothing but time. */
const STOP_MS_MAX = 10_000;
