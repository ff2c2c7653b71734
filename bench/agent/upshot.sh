#!/bin/sh
# The six objectives by Upshot: two fits compress the rows, every question goes to a capsule.
# Usage: [UPSHOT_OUTPUT=json] upshot.sh OFFER.parquet STORE.parquet FOLDER
set -eu
covariates='device,country,loyalty,factor(economy),spend_before,visits_before'
graph='arm -> {searches views sales}; searches -> {views sales}; views -> sales'
design="--itt arm --propensity propensity --cluster household --unit shopper"
ask() { # NAME VERB ...: what an agent reads goes to NAME.out
    name=$1 && shift
    upshot "$@" --quiet >"$name.out"
}
offer=$(realpath "$1") && store=$(realpath "$2") && cd "$3"

# 1. Structure: households are offered an arm with known propensities; some shoppers decline.
# shellcheck disable=SC2086
ask fit-offer fit "$offer" $design --treated treated --covariates "$covariates" \
    --metric searches --metric sales --save offer.capsule.parquet
ask check check offer.capsule.parquet
ask itt effect offer.capsule.parquet --estimand itt
ask late effect offer.capsule.parquet
# 2. The right model: from those who take the offer to everyone.
ask ate effect offer.capsule.parquet --estimand ate
# 3. Speed: several metrics, narrower by covariates; an interval that holds at every look.
# shellcheck disable=SC2086
ask fit-store fit "$store" $design --time week --covariates "$covariates" --metric sales \
    --graph "$graph" --save store.capsule.parquet
ask adjusted effect store.capsule.parquet
ask anytime effect store.capsule.parquet --metric sales --inference anytime --planned 1000
# 4. For whom and when, and the arm to play by device.
ask device effect store.capsule.parquet --metric sales --by device
ask week effect store.capsule.parquet --metric sales --over-time
ask policy policy store.capsule.parquet --reward sales --context device --algorithm argmax --floor 0
# 5. Why: serial mediation.
ask paths mediate store.capsule.parquet --metric sales --graph "$graph"
# 6. Elsewhere and later.
ask elsewhere project store.capsule.parquet --metric sales \
    --to device=desktop:0.7,mobile:0.2,tablet:0.1
ask later project store.capsule.parquet --metric sales --over-time --forward 2 --rule linear
