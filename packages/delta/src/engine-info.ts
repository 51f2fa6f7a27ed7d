import manifest from '../package.json' with { type: 'json' };

/** Who wrote it, in `commitInfo.engineInfo` and in the footers of checkpoints. */
export const ENGINE_INFO = `lakewarden/${manifest.version}`;
