/** Every query of the dashboards and of the report, by name; every alert. */
import { costByModel, costByPurpose, costByUser } from './cost-by';
import { costByQuality } from './cost-by-quality';
import { costOverTime, unpricedOverTime } from './cost-over-time';
import { degradations } from './degradations';
import { estimateBias } from './estimate-bias';
import { estimatedAgainstActual } from './estimated-against-actual';
import { modelsLoaded } from './models-loaded';
import { ooms } from './ooms';
import { outcomes } from './outcomes';
import { feedback } from './feedback';
import { queueLength } from './queue-length';
import { queueWait } from './queue-wait';
import { quotas } from './quotas';
import { refusals } from './refusals';
import { residentModels } from './resident-models';
import { serversNow } from './servers-now';
import { slaAttainment } from './sla-attainment';
import { swaps } from './swaps';
import { timeByModel } from './time-by-model';
import { totals } from './totals';
import { vramObtainable } from './vram-obtainable';
import { vramUsed } from './vram-used';
import { budgetNearlySpent } from './alerts/budget-nearly-spent';
import { calibrationDrift } from './alerts/calibration-drift';
import { lowVram } from './alerts/low-vram';
import { serverGone } from './alerts/server-gone';
import { slaFastBurn, slaSlowBurn } from './alerts/sla-burn-rate';
import type { AlertQuery } from './alerts/alert';
import type { PanelQuery } from './panel';

export const PANELS = {
	costByModel,
	costByPurpose,
	costByQuality,
	costByUser,
	costOverTime,
	degradations,
	estimateBias,
	estimatedAgainstActual,
	feedback,
	modelsLoaded,
	ooms,
	outcomes,
	queueLength,
	queueWait,
	quotas,
	refusals,
	residentModels,
	serversNow,
	slaAttainment,
	swaps,
	timeByModel,
	totals,
	unpricedOverTime,
	vramObtainable,
	vramUsed,
} as const satisfies Record<string, PanelQuery>;

export const ALERTS: readonly AlertQuery[] = [
	lowVram,
	serverGone,
	slaFastBurn,
	slaSlowBurn,
	calibrationDrift,
	budgetNearlySpent,
];
