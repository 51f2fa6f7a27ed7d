export { type FakeAct, type FakeAgent, type FakeAgentOptions, startFakeAgent } from './testing/fake-agent.ts';
export {
  aBackfill,
  aBlame,
  aBreaker,
  aDataset,
  aLineage,
  anEntry,
  anExecution,
  anIncident,
  anOverview,
  aPlan,
  aProblem,
  aRun,
  aRunbook,
  aSlice,
  aSource,
} from './testing/samples.ts';
