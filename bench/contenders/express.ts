/** The reference: a bare route that parses its body and sends a ready Buffer. */
import express from 'express';
import type { Contender } from '../contender.ts';

export const express5: Contender = {
  cannot: () => undefined,
  start: async (_site, { ready }) => express().all('/ask', express.json({ limit: '1mb' }), ready),
};
