import express from 'express';
import { AICacheError, AIResponseCache, CacheKeyGenerator, aiCache, optionsFromEnv } from 'express-ai-cache';
import type { AICacheOptions, AIRequest } from 'express-ai-cache';
import { ProviderCascade } from 'express-ai-cache/cascade';
import { statsRouter } from 'express-ai-cache/stats';
import { askTwice } from './ask-twice.mts';

const request: AIRequest = { text: 'What is six times seven?', model: 'gpt-5-mini' };
const options: AICacheOptions = { cache: new AIResponseCache(optionsFromEnv({})), operation: 'question' };
const key: string = new CacheKeyGenerator().generate(request);

// @ts-expect-error A misspelt option does not compile.
const misspelt: AICacheOptions = { nmae: 'x' };
try {
  aiCache(misspelt);
} catch (error) {
  if (!(error instanceof AICacheError) || key === '') throw error;
}
await askTwice({ express, aiCache: () => aiCache(options), statsRouter, ProviderCascade });
