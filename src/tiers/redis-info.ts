/** `idle`: not used yet; `connecting`: for the first time; `reconnecting`: it was lost or the first attempt failed. */
export type RedisState = 'idle' | 'connecting' | 'ready' | 'reconnecting' | 'closed';

/** What Redis says of itself (INFO); on a Cluster one of its nodes. Only `state` where it is not ready or does not tell. */
export interface RedisInfo {
  readonly state: RedisState;
  readonly version?: string;
  readonly usedMemoryBytes?: number;
  /** 0: no limit of its own. */
  readonly maxMemoryBytes?: number;
  readonly maxMemoryPolicy?: string;
}

/** The members of the reply to INFO that `RedisInfo` has. */
export function selfDescriptionIn(info: string): Omit<RedisInfo, 'state'> {
  const version = fieldIn(info, 'redis_version');
  const usedMemory = fieldIn(info, 'used_memory');
  const maxMemory = fieldIn(info, 'maxmemory');
  const maxMemoryPolicy = fieldIn(info, 'maxmemory_policy');
  return {
    ...(version === undefined ? {} : { version }),
    ...(usedMemory === undefined ? {} : { usedMemoryBytes: Number(usedMemory) }),
    ...(maxMemory === undefined ? {} : { maxMemoryBytes: Number(maxMemory) }),
    ...(maxMemoryPolicy === undefined ? {} : { maxMemoryPolicy }),
  };
}

function fieldIn(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}
