export {
  type FaultPlan,
  type MemoryStorage,
  type MemoryStorageOptions,
  memoryStorage,
  type StorageCall,
  type StorageFault,
  type StorageOperation,
  seededFaults,
} from './storage/memory-storage.ts';
