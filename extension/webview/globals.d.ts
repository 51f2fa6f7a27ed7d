/** A script that the bundler builds by itself and hands over as its text. */
declare module 'inline:*' {
  export const source: string;
}

declare module '*.css';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** Only in a page of VS Code, and only once. */
declare function acquireVsCodeApi(): VsCodeApi;
