/**
 * Run once while the image is made, with NODE_COMPILE_CACHE set: loads all that a standing agent loads and starts nothing,
 * so that what V8 makes of it lies in the image.
 */
await import('../../agent/src/service/run-service.ts');
