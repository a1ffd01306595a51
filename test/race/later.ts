/**
 * Preloaded into a program of the race: its wall clock is as many milliseconds ahead as the address of
 * this file says (`later.ts?ms=3600000`), as if it had been off for that long.
 */
const aheadMs = Number(new URL(import.meta.url).searchParams.get('ms'));
if (!Number.isFinite(aheadMs)) throw new Error(`${import.meta.url}: ms is missing`);
const now = Date.now.bind(Date);
Date.now = () => now() + aheadMs;
