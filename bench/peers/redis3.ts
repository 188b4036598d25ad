/** The client that older peers were written for. */
import { createClient, type RedisClient } from 'redis3';

export function connectRedis3(path: string): RedisClient {
  return createClient(path);
}
