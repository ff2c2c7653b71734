/* Everything of Upshot in one header. */
#ifndef UPSHOT_UPSHOT_H
#define UPSHOT_UPSHOT_H

#include <upshot/adaptive.h>
#include <upshot/arrow.h>
#include <upshot/assign.h>
#include <upshot/audit.h>
#include <upshot/bayes.h>
#include <upshot/catalog.h>
#include <upshot/chart.h>
#include <upshot/check.h>
#include <upshot/discover.h>
#include <upshot/effects.h>
#include <upshot/experiment.h>
#include <upshot/graph.h>
#include <upshot/mediate.h>
#include <upshot/model.h>
#include <upshot/moments.h>
#include <upshot/monitor.h>
#include <upshot/note.h>
#include <upshot/policy.h>
#include <upshot/power.h>
#include <upshot/project.h>
#include <upshot/rank.h>
#include <upshot/run.h>
#include <upshot/sequential.h>
#include <upshot/simulate.h>
#include <upshot/source.h>
#include <upshot/status.h>
#include <upshot/truth.h>
#include <upshot/value.h>
#include <upshot/version.h>

#endif
