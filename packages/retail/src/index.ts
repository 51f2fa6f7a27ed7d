import { fileURLToPath } from 'node:url';

/** Path of the pipeline that ships; its queries lie beside it. */
export const pipelineFile: string = fileURLToPath(new URL('../pipeline/pipeline.yaml', import.meta.url));

/** Path of the process that plays the retailer's systems: `provision`, `load`, `generate` (see main.ts). */
export const sourcesMain: string = fileURLToPath(new URL('./main.ts', import.meta.url));
