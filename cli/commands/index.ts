/** Every command, in the order of the help. */
import type { Command } from '../command';
import { calibrate } from './calibrate';
import { cost } from './cost';
import { drain } from './drain';
import { feedback } from './feedback';
import { generate } from './generate';
import { migrate } from './migrate';
import { planBatch } from './plan-batch';
import { quota } from './quota';
import { planMig } from './plan-mig';
import { report } from './report';
import { seedDemo } from './seed-demo';
import { select } from './select';
import { simulate } from './simulate';
import { updateModelsConfig } from './update-models-config';
import { vramMonitor } from './vram-monitor';

export const COMMANDS: readonly Command[] = [
	select,
	generate,
	planBatch,
	vramMonitor,
	migrate,
	simulate,
	updateModelsConfig,
	calibrate,
	quota,
	drain,
	feedback,
	report,
	seedDemo,
	cost,
	planMig,
];
