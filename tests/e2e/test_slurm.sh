# Starts a one-node Slurm, and ends all that it started. Four simulated studies on a cluster: one fails, one is requeued,
# the group stage tells all.
. "$HEP_SOURCE/tests/e2e/lib.sh"
skip() { printf 'skipped: %s\n' "$*"; exit 77; }
for p in slurmctld slurmd munged sbatch; do
    command -v $p >/dev/null || skip "Slurm is not installed (apt-get install slurm-wlm munge)"
done
[ "$(id -u)" -eq 0 ] || skip "starting Slurm needs root"
pgrep -x slurmctld >/dev/null && skip "another Slurm is running"

host=$(hostname -s)
getent hosts "$host" >/dev/null || skip "the host name $host does not resolve"
conf=$work/slurm
mkdir -p "$conf"/state "$conf"/spool /run/munge
[ -s /etc/munge/munge.key ] || { mkdir -p /etc/munge && dd if=/dev/urandom of=/etc/munge/munge.key bs=1 count=1024 2>/dev/null; }
chown -R munge: /etc/munge /run/munge /var/lib/munge /var/log/munge 2>/dev/null
chmod 400 /etc/munge/munge.key
own_munged=""
pgrep -x munged >/dev/null || own_munged=/run/munge/munged.pid
[ -z "$own_munged" ] || su -s /bin/sh munge -c 'munged --force' || skip "munged does not start"
cat >"$conf/slurm.conf" <<CONF
ClusterName=hepar
SlurmctldHost=$host
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherParams=OverMemoryKill
JobCompType=jobcomp/filetxt
JobCompLoc=$conf/jobs.txt
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
StateSaveLocation=$conf/state
SlurmdSpoolDir=$conf/spool
SlurmctldPidFile=$conf/slurmctld.pid
SlurmdPidFile=$conf/slurmd.pid
SlurmctldPort=36817
SlurmdPort=36818
MinJobAge=3600
NodeName=$host CPUs=$(nproc) RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$conf/slurm.conf
slurmctld -f "$SLURM_CONF" -L "$conf/ctld.log"
slurmd -f "$SLURM_CONF" -L "$conf/slurmd.log"
stop() {
    pkill -F "$conf/slurmd.pid" 2>/dev/null
    pkill -F "$conf/slurmctld.pid" 2>/dev/null
    [ -z "$own_munged" ] || pkill -F "$own_munged" 2>/dev/null
    sleep 1
}
trap 'stop; chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
for i in $(seq 60); do
    sinfo -h -o %T 2>/dev/null | grep -q idle && break
    sleep 1
done
sinfo -h -o %T 2>/dev/null | grep -q idle || skip "the node does not come up: $(tail -n 2 "$conf/slurmd.log")"

bids=$work/bids
"$HEPAR" simulate amri-noncontrast "$bids" --subjects 4 --seed 31 --fast -q >/dev/null || fail "simulate"
for image in "$bids"/sub-03/*/*.nii.gz; do truncate -s 300 "$image"; done # no series is left of it
HEPAR=$HEPAR "$HEP_SOURCE/scripts/slurm/submit" "$bids" "$work/out" --at-a-time "$(nproc)" --cpus 1 --mem 1G --time 0:20:00 -- --no-align >"$work/submit" 2>&1 || fail "$(cat "$work/submit")"
job=$(sed -n 's/^array \([0-9]*\) .*/\1/p' "$work/submit")
for i in $(seq 100); do
    squeue -h -j "$job" -t R -o %i 2>/dev/null | grep -q . && break
    sleep 0.2
done
task=$(squeue -h -j "$job" -t R -o %i 2>/dev/null | head -n 1)
[ -z "$task" ] || scontrol requeue "$task" 2>/dev/null
for i in $(seq 400); do
    [ -z "$(squeue -h 2>/dev/null)" ] && break
    sleep 1
done
same "$(squeue -h | wc -l)" 0 "jobs left in the queue"
expect 0 "" "$HEPAR" status "$work/out"
same "$(tail -n 1 "$work/stdout")" "3 done, 1 failed, 0 running, 0 missing" "state of the studies"
there "$work/out/studies.tsv"
same "$(cut -f 1,2 "$work/out/studies.tsv" | grep -c failed)" 1 "failures in studies.tsv"
finish
