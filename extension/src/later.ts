/**
 * What is loaded when the agent is first asked, not by `activate`: the client, the contract, and all that needs them. The
 * build makes a file of its own of it, so that an editor which only starts reads a fifth of our code.
 */
export { createActs } from './acts/create-acts.ts';
export { ConnectionModel } from './connection/connection-model.ts';
export { planLines } from './documents/plan-lines.ts';
export { renderDocument } from './documents/render-document.ts';
