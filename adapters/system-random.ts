/** The machine's randomness as a port. */
import { randomInt, randomUUID } from 'node:crypto';

import type { RandomPort } from '../lib/ports';

export const systemRandom: RandomPort = {
	uuid: () => randomUUID(),
	integer: (limit) => randomInt(limit),
};
