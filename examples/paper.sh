#!/bin/sh
# The six objectives of the paper on the simulated store, each estimate beside the truth (a tick
# where the interval holds it: nineteen of twenty should). Every question is put to a capsule:
# the rows are read once. Usage: paper.sh [UPSHOT [SHOPPERS [FOLDER]]]
set -eu
up=${1:-upshot}
shoppers=${2:-100000}
cd "${3:-$(mktemp -d)}"
say() { printf '\n== %s\n' "$1"; }
ask() { printf '$ upshot %s\n' "$*"; "$up" "$@" --quiet; }

say "1. Structure: households are assigned together, by known propensities, and some shoppers decline"
[ -f offer.parquet ] || ask simulate shop offer.parquet --units "$shoppers" --weeks 4 --arms 3 \
    --clusters 1000 --adaptive --noncompliance one-sided --seed 1
ask fit offer.parquet --itt arm --treated treated --propensity propensity --cluster household \
    --unit shopper --time week --covariates device,country,loyalty \
    --metric searches --metric sales --save offer.capsule.parquet >/dev/null
ask check offer.capsule.parquet

say "2. The right model for it: two-stage least squares; the effect on compliers, then on everyone"
ask effect offer.capsule.parquet --truth offer.truth.json
ask effect offer.capsule.parquet --estimand ate --truth offer.truth.json

say "3. Speed: narrower by covariates, valid at every look, compressed once (full compliance from here)"
graph='arm -> {searches views sales}; searches -> {views sales}; views -> sales'
[ -f store.parquet ] || ask simulate shop store.parquet --units "$shoppers" --weeks 4 --arms 3 \
    --clusters 1000 --adaptive --seed 2
ask fit store.parquet --itt arm --propensity propensity --cluster household --unit shopper \
    --time week --covariates 'device,country,loyalty,factor(economy),spend_before,visits_before' \
    --metric sales --graph "$graph" --save store.capsule.parquet >/dev/null
ask effect store.capsule.parquet --metric sales --no-covariates --truth store.truth.json
ask effect store.capsule.parquet --metric sales --truth store.truth.json
ask effect store.capsule.parquet --metric sales --inference anytime --planned 1000 --truth store.truth.json
ask effect store.capsule.parquet --adjust holm --truth store.truth.json

say "4. For whom and when, and what to do about it"
ask effect store.capsule.parquet --metric sales --by device --truth store.truth.json
ask effect store.capsule.parquet --metric sales --over-time --truth store.truth.json
ask rank store.capsule.parquet --metric sales --by device
ask policy store.capsule.parquet --reward sales --context device --floor 0.05 --save policy.json
printf '{"unit": %d, "device": "%s"}\n' 1 mobile 2 desktop 3 tablet | "$up" decide policy.json

say "5. Why: by which path"
ask mediate store.capsule.parquet --metric sales --graph "$graph" --truth store.truth.json

say "6. Elsewhere and later: other devices, then two weeks on"
ask project store.capsule.parquet --metric sales --to device=desktop:0.7,mobile:0.2,tablet:0.1 \
    --truth store.truth.json
ask project store.capsule.parquet --metric sales --over-time --forward 2 --rule linear
