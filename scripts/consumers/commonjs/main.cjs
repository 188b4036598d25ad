const express = require('express');
const { aiCache } = require('express-ai-cache');
const { ProviderCascade } = require('express-ai-cache/cascade');
const { statsRouter } = require('express-ai-cache/stats');
const { askTwice } = require('./ask-twice.mts');

void askTwice({ express, aiCache, statsRouter, ProviderCascade });
