# Diffusion series as hospitals make them: the right value, or the reason why there is none. What each case holds, and
# the true values (D 1.2e-3 mm2/s in the left half, f 0.2, D* 0.06), stand in make.py.
. "$HEP_SOURCE/tests/e2e/lib.sh"
make() { /usr/bin/python3 "$HEP_SOURCE/tests/cases/make.py" "$@"; }
# case NAME: made, and run through every stage
case_() {
    make "$1" "$work/$1"
    "$HEPAR" run "$work/$1/sub-01" -o "$work/o" --no-align --nthreads 2 --replace >"$work/stdout" 2>"$work/stderr"
    same $? 0 "$1: exit code"
    out=$work/o/sub-01
}
said() { # said TEXT WHAT: in the log and in the report
    cases=$((cases + 2))
    grep -qF -- "$1" "$work/stderr" || fail "$2: no '$1' in the log"
    grep -qF -- "$1" "$out/sub-01_report.html" || fail "$2: no '$1' in the report"
}
sidecar() { # sidecar MAP KEY: as it is written
    /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get(sys.argv[2]))' "$out/dwi/sub-01_desc-$1.json" "$2"
}
value() { make median "$out/dwi/sub-01_desc-$1.nii.gz" ${2:+"$2"}; }
state() { # state PRODUCT: in run.json
    /usr/bin/python3 -c 'import json, sys
for s in json.load(open(sys.argv[1]))["stages"]:
    if sys.argv[2] in s["products"]: print(s["products"][sys.argv[2]]["state"])' "$out/sub-01_run.json" "$1"
}

# ADC of b = 50, 400 and 800 with f = 0.2, D* = 0.06: by hand 1.21e-3; a tenth of perfusion is left at b = 50.
case_ trace
said "volume 10 (b = 800 s/mm2) is left out: the mean (trace)" trace
between "$(value mono_ADC)" 1.18e-3 1.24e-3 "trace: ADC"
for name in adc_b0 adc_b800; do
    case_ $name
    said "is left out: an ADC map" $name
    same "$(sidecar mono_ADC LeftOut | grep -c 'volume 10')" 1 "$name: sidecar"
    between "$(value mono_ADC)" 1.18e-3 1.24e-3 "$name: ADC"
done
for name in shuffled sorted; do
    case_ $name
    said "volumes not in the order of the b-values" $name
    same "$(state adc)" withheld "$name: ADC"
    expect 65 "volumes not in the order" "$HEPAR" fit adc "$work/$name/sub-01/dwi/sub-01_dwi.nii.gz" --bvals "$work/$name/sub-01/dwi/sub-01_dwi.bval" -o "$work/f"
done
case_ rounded
said "IVIM is not assessable: the volumes of the lowest b-value differ" rounded
same "$(state ivim_f)" absent "rounded: f"
same "$(state adc)" present "rounded: ADC"
for name in low125 low10; do
    case_ $name
    same "$(sidecar ivim_fmap Note | grep -c 'S0 is extrapolated by the model')" 1 "$name: note"
    between "$(value ivim_fmap)" 0.18 0.22 "$name: f"
    between "$(value ivim_Dmap)" 1.14e-3 1.26e-3 "$name: D"
done
# D = 1.8e-3; the signal of b = 1000 is 1.1 sigma. Without the Rician mean the ADC reads 1.2e-3.
case_ floor
same "$(sidecar mono_ADC Rician) $(sidecar mono_ADC NoiseSource)" "mean air" "floor: sidecar"
between "$(sidecar mono_ADC NoiseSD)" 11.4 12.6 "floor: sigma, true 12"
between "$(value mono_ADC)" 1.6e-3 2.0e-3 "floor: ADC"
"$HEPAR" run "$work/floor/sub-01" -o "$work/o" --no-align --set diffusion.rician=none -q >"$work/stdout" 2>&1
between "$(value mono_ADC)" 0.9e-3 1.5e-3 "floor: ADC without correction"
case_ lost
said "4 of 96 slices of its volumes have lost signal" lost
same "$(sidecar mono_ADC LostSlices) $(sidecar mono_ADC Robust)" "4 True" "lost: sidecar"
for z in 0 1 3 5; do between "$(value mono_ADC $z)" 1.17e-3 1.23e-3 "lost: ADC of slice $z"; done
case_ wrapped
said "144 of 17280 voxels lie below minus 0.25 of its highest signal" wrapped # a row of 24 in 6 slices of one of 5 volumes
for y in 10 11 12 13; do # bad input, or not seen as body: never ok
    for model in mono ivim; do
        case $(make row "$out/dwi/sub-01_desc-${model}_statusmap.nii.gz" $y) in
            "[0]" | "[5]" | "[0, 5]") cases=$((cases + 1)) ;;
            *) fail "wrapped: $model is fitted in row $y" ;;
        esac
    done
done
same "$(make row "$out/dwi/sub-01_desc-mono_statusmap.nii.gz" 14)" "[1]" "wrapped: status of a whole row"
finish
