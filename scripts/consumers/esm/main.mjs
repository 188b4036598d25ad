import express from 'express';
import { aiCache } from 'express-ai-cache';
import { ProviderCascade } from 'express-ai-cache/cascade';
import { statsRouter } from 'express-ai-cache/stats';
import { askTwice } from './ask-twice.mts';

await askTwice({ express, aiCache, statsRouter, ProviderCascade });
