/* The schema: one row per setting. docs/reference-settings.md and configs/default.yml are made from
 * it. */
#include "pipeline/config/config.h"

#include "contrast/uptake_fit.h"

#define C struct hep_config
#define P struct hep_plan

/* A source that is cited often. */
#define EXPERT "expert value"
#define MAINO "Maino et al., World J Gastroenterol 2023;29:5180"

static const char *const wishes[] = { "auto", "on", "off", NULL };
static const char *const techniques[] = {
    "spgr",  "dual_echo",       "multi_echo", "fse",           "fse_triggered",
    "ssfse", "epi_breath_hold", "epi_free",   "epi_triggered", "epi_navigator",
    NULL
};
static const char *const placements[] = { "auto", "before", "waiting", NULL };
static const char *const given_modes[] = { "only", "add", NULL };
static const char *const injections[] = { "in_scanner", "before_arrival", NULL };
static const char *const fat_methods[] = { "auto", "dual_echo", "multi_echo", NULL };
static const char *const spectra[] = { "hamilton2011", "hamilton2011-liver", "single", NULL };
static const char *const irons[] = { "auto",        "hernando-1.5t", "hernando-2.89t",
                                     "hernando-3t", "wood-1.5t",     "garbowski-1.5t",
                                     NULL };
static const char *const multiecho_noise[] = { "ignore", "drop", "floor", "auto", NULL };
static const char *const solvers[] = { "batched", "gsl", NULL };
static const char *const adc_methods[] = { "ols", "wls", "iwls", NULL };
static const char *const ivim_methods[] = { "default", "nlls",  "segmented", "segmented-fixed-d",
                                            "sivim",   "bayes", NULL };
static const char *const kurtosis_methods[] = { "wls", "nlls", NULL };
static const char *const ricians[] = { "none", "corrected", "mean", "auto", NULL };
static const char *const engines[] = { "auto", "elastix", "none", NULL };
static const char *const contexts[] = { "unknown", "other_cancer", "colorectal", NULL };

static const struct hep_field series_rows[] = {
    HEP_ROW_BOOL(P, expected, "expected", "true",
                 "false takes the series out of the protocol; naming a series sets it to true"),
    HEP_ROW_BOOL(P, required, "required", "false",
                 "a study without the series does not satisfy the protocol"),
    HEP_ROW_SPAN(
        P, window_s, "window_s", "s", 0, 21600, "none",
        "start of injection to centre of k-space; outside it the rules of the phase are not "
        "assessable; none: the agent's window, agents.yml"),
    HEP_ROW_SPAN(P, nominal_s, "nominal_s", "s", 0, 21600, "none",
                 "times inside the window that need no warning; none: the agent's, agents.yml"),
    HEP_ROW_LIST(
        P, b_values_s_per_mm2, "b_values_s_per_mm2", "s/mm2", 0, 10000, "none",
        "b-values of the diffusion series; none: not planned, those of the study; 0, 50, 400, "
        "800 are usual, " MAINO),
    HEP_ROW_LIST(P, averages, "averages", "", 1, 64, "[3]",
                 "signal averages: one number for every b-value, or one per b-value; " EXPERT),
    HEP_ROW_INTEGER(P, directions, "directions", "", 1, 256, "3",
                    "diffusion directions of every b-value above 0; 3 make a trace image; " EXPERT),
    HEP_ROW_LIST(P, echo_times_s, "echo_times_s", "s", 0.0001, 1, "none",
                 "echo times, in the order of acquisition; none: those of the study"),
    HEP_ROW_NUMBER(P, tr_s, "tr_s", "s", 0.001, 30, "0.004",
                   "repetition time; per diffusion volume for EPI; " EXPERT),
    HEP_ROW_NUMBER(P, flip_deg, "flip_deg", "deg", 1, 180, "12",
                   "flip angle; relative enhancement needs the same one in all T1 phases; " EXPERT),
    HEP_ROW_BOOL(
        P, fat_suppressed, "fat_suppressed", "true",
        "fat suppression or a Dixon water image; must be the same in all T1 phases; " EXPERT),
    HEP_ROW_CHOICE(P, washout, "washout", wishes, "auto",
                   "judge washout in this phase; auto: where the agent allows it, agents.yml"),
    HEP_ROW_CHOICE(P, technique, "technique", techniques, "spgr",
                   "kind of sequence, for the scan time; " EXPERT),
    HEP_ROW_CHOICE(
        P, placement, "placement", placements, "auto",
        "before the injection, or while waiting for the hepatobiliary phase; auto: T2 and "
        "DWI while waiting in the same visit, else before; " EXPERT),
    HEP_ROW_INTEGER(P, visit, "visit", "", 1, 2, "1", "time on the table in which it is acquired"),
    HEP_ROW_INTEGER(P, matrix_phase, "matrix_phase", "", 16, 1024, "160",
                    "phase-encoding lines of the full matrix; " EXPERT),
    HEP_ROW_INTEGER(P, slices, "slices", "", 1, 512, "72",
                    "slices, or partitions of a 3-D slab; " EXPERT),
    HEP_ROW_NUMBER(P, slice_thickness_mm, "slice_thickness_mm", "mm", 0.5, 20, "3",
                   "as thin as possible, 3 to 5 mm; " MAINO),
    HEP_ROW_NUMBER(P, partial_fourier, "partial_fourier", "", 0.5, 1, "0.75",
                   "share of k-space that is acquired; " EXPERT),
    HEP_ROW_NUMBER(P, acceleration, "acceleration", "", 1, 16, "2",
                   "parallel imaging factor of a 3-D gradient echo; " EXPERT),
    HEP_ROW_INTEGER(P, echo_train, "echo_train", "", 1, 512, "16",
                    "echoes per shot of a fast spin echo; " EXPERT),
    HEP_ROW_NUMBER(P, respiratory_period_s, "respiratory_period_s", "s", 1, 15, "4",
                   "one breath of a triggered sequence; " EXPERT),
    HEP_ROW_NUMBER(
        P, efficiency, "efficiency", "", 0.05, 1, "none",
        "share of the time in which gated EPI takes data; none: 1 in breath-holds and free "
        "breathing, 0.5 with a trigger, 0.4 with a navigator; " EXPERT),
    HEP_ROW_NUMBER(P, scan_time_s, "scan_time_s", "s", 0.1, 7200, "none",
                   "measured duration that replaces the model, as shown by the scanner"),
    HEP_ROW_LIST(P, transform.drop_volumes, "transform.drop_volumes", "", 0, 100000, "none",
                 "replay: volumes that are left out, counted from 0"),
    HEP_ROW_NUMBER(P, transform.slice_thickness_mm, "transform.slice_thickness_mm", "mm", 0.5, 50,
                   "none", "replay: slices this far apart, each the mean over its thickness"),
    HEP_ROW_NUMBER(P, transform.in_plane_mm, "transform.in_plane_mm", "mm", 0.2, 50, "none",
                   "replay: voxels of this size in the plane of the slice, each a mean"),
    HEP_ROW_NUMBER(P, transform.snr_factor, "transform.snr_factor", "", 0.01, 1, "none",
                   "replay: share of the signal-to-noise ratio that is left; adds Rician noise, "
                   "Gudbjartsson and Patz, MRM 1995;34:910"),
    HEP_ROW_NUMBER(P, transform.averages_share, "transform.averages_share", "", 0.01, 1, "none",
                   "replay: share of the averages that is left; noise grows with its root"),
    HEP_ROW_NUMBER(P, transform.noise_sd, "transform.noise_sd", "", 0, 1e9, "none",
                   "replay: noise SD of one channel of the study's image in units of the signal; "
                   "none: measured, Coupe et al., Med Image Anal 2010;14:483"),
    { 0 },
};

static const struct hep_field config_rows[] = {
    HEP_ROW_TEXT(C, name, "name", "unnamed", "name of the protocol, stands in every result"),
    HEP_ROW_TEXT(C, title, "title", "", "one line for people"),
    HEP_ROW_TEXT(C, agent, "agent", "auto",
                 "contrast agent: a name of agents.yml; none; auto: what the study says"),

    HEP_ROW_NUMBER(
        C, acquisition.field_t, "acquisition.field_t", "T", 0.2, 12, "3",
        "field strength that the protocol is written for; a study's own is used for maps"),
    HEP_ROW_NUMBER(C, acquisition.localiser_s, "acquisition.localiser_s", "s", 0, 600, "60",
                   "localiser and calibration, once per visit; " EXPERT),
    HEP_ROW_NUMBER(C, acquisition.recovery_s, "acquisition.recovery_s", "s", 0, 120, "15",
                   "rest after each breath-hold; " EXPERT),
    HEP_ROW_NUMBER(C, acquisition.breath_hold_max_s, "acquisition.breath_hold_max_s", "s", 5, 60,
                   "20", "longest breath-hold that is asked of a patient; " EXPERT),
    HEP_ROW_CHOICE(C, acquisition.injection, "acquisition.injection", injections, "in_scanner",
                   "before_arrival: injected outside the scanner, no dynamic phases"),

    HEP_ROW_CHOICE(
        C, fat.method, "fat.method", fat_methods, "auto",
        "auto: multi-echo when there are three or more echoes of one series, else dual echo"),
    HEP_ROW_NAME(C, fat.spectrum, "fat.spectrum", spectra, "hamilton2011",
                 "fat peaks; Hamilton et al., NMR Biomed 2011;24:784"),
    HEP_ROW_NAME(C, fat.iron_calibration, "fat.iron_calibration", irons, "auto",
                 "R2* to liver iron; auto: by field strength, Hernando et al., Radiology 2022"),
    HEP_ROW_NUMBER(
        C, fat.r2star_per_s, "fat.r2star_per_s", "1/s", 0, 2000, "none",
        "assumed R2* of the liver for two echoes only; none: uncorrected; normal is 28.7 at "
        "1.5 T, Obrzut et al., Sci Rep 2020"),
    HEP_ROW_NUMBER(C, fat.sigma, "fat.sigma", "", 0, 1e9, "none",
                   "noise SD of one channel in units of the signal; none: unknown"),
    HEP_ROW_NUMBER(C, fat.r2star_max_per_s, "fat.r2star_max_per_s", "1/s", 50, 5000, "1500",
                   "upper bound of the multi-echo fit; " EXPERT),
    HEP_ROW_CHOICE(
        C, fat.noise, "fat.noise", multiecho_noise, "auto",
        "noise floor of multi-echo magnitudes: drop echoes below fat.snr_min, or fit the "
        "Rician mean (floor); both need fat.sigma. auto: floor, sigma measured where not given"),
    HEP_ROW_NUMBER(
        C, fat.se_max_frac, "fat.se_max_frac", "", 0, 1, "0.1",
        "standard error above which a multi-echo fraction is not identifiable, as is one "
        "that another fits as well; 0: both are kept. Grades of steatosis are 5 to 12 "
        "points wide, Tang et al., Radiology 2013"),
    HEP_ROW_NUMBER(C, fat.snr_min, "fat.snr_min", "", 0, 100, "3",
                   "signal over sigma of an echo that is kept; " EXPERT),
    HEP_ROW_CHOICE(C, fat.solver, "fat.solver", solvers, "batched",
                   "multi-echo solver; gsl is the reference"),

    HEP_ROW_NAME(C, diffusion.solver, "diffusion.solver", solvers, "batched",
                 "gsl is the reference; the batched solver passes on what it cannot settle"),
    HEP_ROW_NAME(
        C, diffusion.rician, "diffusion.rician", ricians, "auto",
        "noise floor; corrected: Gudbjartsson and Patz, MRM 1995;34:910; mean: Rician mean; auto: "
        "the mean where the body's median signal at the highest b-value of a fit is below five "
        "sigma; Koay and Basser, J Magn Reson 2006;179:317"),
    HEP_ROW_BOOL(C, diffusion.robust, "diffusion.robust", "false",
                 "reweight against single corrupted volumes, Tukey's bisquare"),
    HEP_ROW_BOOL(C, diffusion.verify, "diffusion.verify", "false",
                 "fit with both solvers and report the disagreement"),
    HEP_ROW_NUMBER(C, diffusion.sigma, "diffusion.sigma", "", 0, 1e9, "none",
                   "noise SD of one acquisition in units of the signal; none: from the residuals"),
    HEP_ROW_NUMBER(
        C, diffusion.rise_max, "diffusion.rise_max", "", 1, 1000, "1.25",
        "median signal of the body at a b-value over that at a lower one, beyond which the series "
        "is refused; eight series of volunteers reach 1.11 by noise (data of Wetscherek et al., "
        "MRM 2015;74:410)"),
    HEP_ROW_NUMBER(
        C, diffusion.lowest_error_max, "diffusion.lowest_error_max", "", 0, 1, "0.02",
        "relative standard error of the mean signal of the lowest b-value, from the differences of "
        "its volumes, beyond which IVIM is not assessable: the perfusion fraction shares it; eight "
        "series of volunteers have 0.006 (data of Wetscherek et al., MRM 2015;74:410)"),
    HEP_ROW_NAME(C, diffusion.adc_method, "diffusion.adc.method", adc_methods, "iwls",
                 "ols equals dwi2adc of MRtrix3; iwls has the smallest error, Veraart et al., "
                 "NeuroImage 2013;81:335"),
    HEP_ROW_NUMBER(C, diffusion.adc_b_min_s_per_mm2, "diffusion.adc.b_min_s_per_mm2", "s/mm2", 0,
                   10000, "50", "lowest b-value of the ADC; below 50 perfusion raises it; " EXPERT),
    HEP_ROW_NUMBER(C, diffusion.adc_b_max_s_per_mm2, "diffusion.adc.b_max_s_per_mm2", "s/mm2", 0,
                   10000, "1000",
                   "highest b-value of the ADC; above 1000 kurtosis lowers it; " EXPERT),
    HEP_ROW_CHOICE(C, diffusion.ivim, "diffusion.ivim.fit", wishes, "auto",
                   "auto: with 4 or more b-values, one of them below 100 and two from 200 up"),
    HEP_ROW_NAME(C, diffusion.ivim_method, "diffusion.ivim.method", ivim_methods, "default",
                 "default: nlls, or sivim where D* cannot be had; bayes: prior of D* from the "
                 "body; Jalnefjord et al., MAGMA 2018;31:715"),
    HEP_ROW_NUMBER(C, diffusion.ivim_b_split_s_per_mm2, "diffusion.ivim.b_split_s_per_mm2", "s/mm2",
                   50, 1000, "200",
                   "lowest b-value of the D step of the segmented methods; " EXPERT),
    HEP_ROW_SPAN(C, diffusion.f_frac, "diffusion.ivim.f_frac", "", 0, 1, "[0, 0.8]",
                 "bounds of the perfusion fraction; bowel reaches 0.69 in the tissues of OSIPI"),
    HEP_ROW_SPAN(C, diffusion.dstar_mm2_per_s, "diffusion.ivim.dstar_mm2_per_s", "mm2/s", 0.001, 1,
                 "[0.005, 0.3]", "bounds of D*; " EXPERT),
    HEP_ROW_SPAN(C, diffusion.d_mm2_per_s, "diffusion.d_mm2_per_s", "mm2/s", 1e-6, 0.01,
                 "[0.0001, 0.004]", "bounds of D; free water at 37 C is 0.003; " EXPERT),
    HEP_ROW_CHOICE(C, diffusion.kurtosis, "diffusion.kurtosis.fit", wishes, "auto",
                   "auto: with a b-value of 1500 or more; Jensen et al., MRM 2005;53:1432"),
    HEP_ROW_NAME(C, diffusion.kurtosis_method, "diffusion.kurtosis.method", kurtosis_methods,
                 "nlls", "least squares on the signal, or weighted on its logarithm"),
    HEP_ROW_SPAN(C, diffusion.k, "diffusion.kurtosis.k", "", 0, 10, "[0, 3]",
                 "bounds of the kurtosis; " EXPERT),

    HEP_ROW_NUMBER(C, enhancement.pre_floor, "enhancement.pre_floor", "", 0, 1e9, "0",
                   "precontrast signal, in units of the signal, up to which a voxel is background"),
    HEP_ROW_BOOL(
        C, enhancement.gain_correction, "enhancement.gain_correction", "true",
        "correct the receive gain of a phase that paraspinal muscle shows when it enhances "
        "far outside its range, and compare nothing with the signal before contrast where "
        "the gain cannot be judged; false: compare the series as they are"),
    HEP_ROW_SPAN(
        C, enhancement.gain_muscle_re, "enhancement.gain_muscle_re", "", -1, 10, "[-0.1, 0.7]",
        "relative enhancement of muscle, where agent or phase tell no range, or of the body "
        "where there is no muscle, within which the receive gain is taken as equal; "
        "wider than the 5 to 52 % that agents.yml expects of any agent; " EXPERT),
    HEP_ROW_SPAN(
        C, enhancement.gain_equal, "enhancement.gain_equal", "", 0.1, 10, "[0.8, 1.25]",
        "without muscle: a receive gain in it, or less than two standard errors outside, is "
        "never corrected; " EXPERT),
    HEP_ROW_NUMBER(C, enhancement.gain_margin, "enhancement.gain_margin", "", 0, 1, "0.1",
                   "enhancement of muscle beyond its expected range from which the receive gain is "
                   "corrected, where it is known to be unequal by more than two standard errors: "
                   "in 25 such phases of 16 simulated studies it was off by 16 % (root mean "
                   "square), and by 2 % after the correction; " EXPERT),
    HEP_ROW_NUMBER(
        C, enhancement.aorta_margin, "enhancement.aorta_margin", "", 0, 1, "0.15",
        "share by which the aorta may brighten over muscle after the first pass before two phases "
        "count as exchanged: blood only loses agent, but fresh blood that flows in brightens too; "
        "in "
        "16 simulated studies it falls by 0.12 at least; " EXPERT),
    HEP_ROW_NUMBER(
        C, enhancement.one_image_rms, "enhancement.one_image_rms", "", 0, 1, "0.003",
        "root mean square difference, of the signal, below which two phases are one image: the "
        "noise "
        "of two acquisitions is a hundredth or more, whole numbers and another compression "
        "leave less; " EXPERT),
    HEP_ROW_NUMBER(C, enhancement.gain_spread_max, "enhancement.gain_spread_max", "", 0, 1, "0.15",
                   "relative standard deviation of the receive gain over up to six parts of the "
                   "muscle, above which they disagree; at most 0.06 in 18 simulated studies with "
                   "every degradation; " EXPERT),
    HEP_ROW_NUMBER(C, enhancement.gain_body_min_ml, "enhancement.gain_body_min_ml", "mL", 0, 10000,
                   "100",
                   "tissue outside the liver that may show in place of muscle that the gain is "
                   "equal; " EXPERT),

    HEP_ROW_SPAN(
        C, enhancement.possible_ratio, "enhancement.possible_ratio", "", 0, 100, "[0.5, 6]",
        "signal of the liver over that before contrast, after the receive gain, that an "
        "agent can give: no T1 contrast agent halves it, and with T1 of the liver shortened "
        "from 0.8 s to nothing a spoiled gradient echo of 10 degrees and 4 ms gains "
        "fourfold"),
    HEP_ROW_NUMBER(
        C, enhancement.impossible_max, "enhancement.impossible_max", "", 0, 1, "0.02",
        "share of the liver's inner voxels outside enhancement.possible_ratio above which "
        "a phase has lost signal and is not assessable; one slice in fifty"),

    HEP_ROW_CHOICE(C, kinetics.fit, "kinetics.fit", wishes, "auto",
                   "auto: with a dynamic series of kinetics.min_volumes, or three phases after "
                   "contrast beside the one before"),
    HEP_ROW_NAME(
        C, kinetics.model, "kinetics.model", hep_uptake_model_names, "auto",
        "model of a dynamic series; auto: the lowest AICc, in each voxel and for the liver"),
    HEP_ROW_INTEGER(C, kinetics.min_volumes, "kinetics.min_volumes", "", 8, 10000, "12",
                    "volumes that a dynamic series needs: two for each of the five parameters, and "
                    "a baseline"),
    HEP_ROW_NUMBER(C, kinetics.t1_before_s, "kinetics.t1_before_s", "s", 0.05, 5, "none",
                   "T1 of this liver before contrast where the study has no T1 map; none: assumed, "
                   "0.586 s at 1.5 T and 0.809 s at 3 T (de Bazelaire et al., Radiology "
                   "2004;230:652), and said"),
    HEP_ROW_NUMBER(C, kinetics.t1_after_s, "kinetics.t1_after_s", "s", 0.05, 5, "none",
                   "T1 of this liver after contrast where the study has no second T1 map; none: "
                   "from the signal of the hepatobiliary phase over that before contrast"),
    HEP_ROW_NUMBER(C, kinetics.t1_blood_before_s, "kinetics.t1_blood_before_s", "s", 0.05, 5,
                   "none",
                   "T1 of blood before contrast where no T1 map gives it; none: assumed for the "
                   "inlets, 1.441 s at 1.5 T (Stanisz et al., MRM 2005;54:507) and 1.664 s at 3 T "
                   "(Lu et al., MRM 2004;52:679), and no extracellular volume"),
    HEP_ROW_NUMBER(C, kinetics.t1_blood_after_s, "kinetics.t1_blood_after_s", "s", 0.05, 5, "none",
                   "T1 of blood after contrast, with the second T1 map"),
    HEP_ROW_NUMBER(C, kinetics.haematocrit, "kinetics.haematocrit", "", 0.1, 0.7, "none",
                   "of this patient; none: 0.42 for the inlets, and no extracellular volume"),
    HEP_ROW_NUMBER(
        C, kinetics.reduction_low, "kinetics.reduction_low", "", 0, 1, "0.7",
        "reduction of T1 twenty minutes after gadoxetate, by T1 maps at 3 T, below which "
        "function is called reduced; 94 patients, Child-Pugh A to C "
        "(Curr Med Imaging, article 128844)"),

    HEP_ROW_NUMBER(C, liver_label, "liver.label", "", 1, 65535, "none",
                   "value of the liver in a given label map (5 in TotalSegmentator's); none: the "
                   "only value but 0, and a map of several is refused"),
#define NUMBER(member, key, unit, min, max, preset, doc)                                           \
    HEP_ROW_NUMBER(C, liver.member, "liver." key, unit, min, max, #preset, doc),
#define SPAN(member, key, unit, min, max, from, to, doc)                                           \
    HEP_ROW_SPAN(C, liver.member, "liver." key, unit, min, max, "[" #from ", " #to "]", doc),
#include "liver/settings.def"

    HEP_ROW_WORDS(
        C, liver_command.command, "liver.command", "[]",
        "program that draws the liver, and its arguments, started without a shell: {input} is the "
        "series, {output} the mask that is awaited, {output_dir} a folder, {threads} their "
        "number; empty: none (docs/segmenters.md)"),
    HEP_ROW_TEXT(C, liver_command.series, "liver.command_series", "reference",
                 "role of the series that it draws on; reference: that of findings"),
    HEP_ROW_TEXT(C, liver_command.output, "liver.command_output", "",
                 "name of the mask in {output_dir}; empty: it is {output}"),
    HEP_ROW_NUMBER(
        C, liver_command.timeout_s, "liver.command_timeout_s", "s", 0.1, 604800, "3600",
        "time allowed, after which it and all that it started is ended; an hour is several times "
        "what networks need without a graphics card"),

    HEP_ROW_CHOICE(C, align.engine, "align.engine", engines, "auto",
                   "auto: elastix when it is installed, else series stay in scanner coordinates"),
    HEP_ROW_BOOL(C, align.within_dwi, "align.within_dwi", "true",
                 "align each diffusion volume with b = 0; Mazaheri et al., Acad Radiol 2012"),
    HEP_ROW_BOOL(C, align.deformable, "align.deformable", "true",
                 "B-spline step after the rigid one; Jansen et al., PMB 2017"),
    HEP_ROW_NUMBER(C, align.bspline_mm, "align.bspline_mm", "mm", 4, 128, "32",
                   "final grid spacing of the B-spline; Rueckert et al., IEEE TMI 1999"),
    HEP_ROW_INTEGER(C, align.resolutions, "align.resolutions", "", 1, 8, "2",
                    "levels of smoothing of the rigid step, the finest without; " EXPERT),
    HEP_ROW_INTEGER(C, align.bins, "align.bins", "", 8, 256, "32",
                    "histogram bins of the mutual information; elastix model zoo Par0047"),
    HEP_ROW_INTEGER(C, align.samples, "align.samples", "", 256, 1000000, "2048",
                    "samples per iteration; elastix model zoo Par0047"),
    HEP_ROW_INTEGER(C, align.rigid_iterations, "align.rigid_iterations", "", 10, 10000, "30",
                    "iterations of the rigid step per level: with 30 on two levels a start that is "
                    "off by 25 mm ends within 0.1 mm "
                    "of one that is not, on simulated T1, T2 and diffusion; " EXPERT),
    HEP_ROW_INTEGER(C, align.iterations, "align.iterations", "", 10, 10000, "60",
                    "iterations of the B-spline: 40 leave 0.06 mm more in the median of simulated "
                    "studies; " EXPERT),
    HEP_ROW_NUMBER(
        C, align.mask_margin_mm, "align.mask_margin_mm", "mm", 0, 100, "20",
        "the metric leaves out this depth under the skin, where the wall slides; " EXPERT),
    HEP_ROW_SPAN(C, align.jacobian, "align.jacobian", "", 0.01, 100, "[0.5, 2]",
                 "local volume change of an accepted deformation; " EXPERT),
    HEP_ROW_NUMBER(
        C, align.predicted_share, "align.predicted_share", "", 0, 1, "0.75",
        "predicted motion of a b-value, as a share of the least one that is corrected, up to which "
        "it is "
        "not registered: at 1 mm three simulated studies have 0.07 to 0.58 mm as they are, "
        "and 1.07 mm or more when shifted by 1.5 mm; 0: register all; " EXPERT),
    HEP_ROW_NUMBER(C, align.min_gain_se, "align.min_gain_se", "", 0, 20, "3",
                   "a series is moved when the agreement of edges gains more than this many of its "
                   "standard errors: three, so that one in 700 is moved by chance"),
    HEP_ROW_NUMBER(C, align.min_motion_mm, "align.min_motion_mm", "mm", 0, 20, "0.5",
                   "less motion is not worth an interpolation; " EXPERT),
    HEP_ROW_NUMBER(C, align.dwi_min_motion_mm, "align.dwi_min_motion_mm", "mm", 0, 20, "1",
                   "less motion between b-values is not worth the blur before the fit; " EXPERT),
    HEP_ROW_NUMBER(
        C, align.other_place_gain, "align.other_place_gain", "", 1, 100, "1.25",
        "how many times as much one image must tell of another one (mutual information) when it is "
        "mirrored, or echoes two voxels away, before it counts as stored so. What is symmetric "
        "tells as much; series of simulated studies and volunteers' echoes tell 0.05 to 0.63, and "
        "1.6 and more where they are stored mirrored; " EXPERT),
    HEP_ROW_NUMBER(C, align.timeout_s, "align.timeout_s", "s", 1, 86400, "300",
                   "time allowed for one registration; " EXPERT),

    HEP_ROW_TEXT(C, lesions.detection_table, "lesions.detection.table", "detection.yml",
                 "table of what makes a candidate a lesion, named likewise; made by hepar "
                 "calibrate"),
    HEP_ROW_TEXT(
        C, lesions.flags_table, "lesions.flags.table", "flags.yml",
        "table of what turns margins of flags into probabilities: a name among the shipped "
        "files, or a path with a slash; made by hepar calibrate"),
    HEP_ROW_BOOL(C, lesions.flags_require_certain, "lesions.flags.require_certain", "false",
                 "a flag with a probability between 0.1 and 0.9 is not assessable"),
    HEP_ROW_CHOICE(
        C, lesions_given.mode, "lesions.given", given_modes, "only",
        "with lesions of the user's own: only those, or those that are found beside them as well"),
    HEP_ROW_NUMBER(C, lesions_given.threshold, "lesions.given_threshold", "", 0.001, 1, "0.5",
                   "a probability map of lesions is cut here"),
    HEP_ROW_NUMBER(
        C, lesions_given.label, "lesions.given_label", "", 1, 1e7, "none",
        "value of the lesions in a given label map; none: every value but 0 is a lesion"),
    HEP_ROW_TEXT(C, lesions_given.series, "lesions.given_series", "",
                 "role or file of the series that given lesions were drawn on; empty: as their "
                 "sidecar says, else the "
                 "series with their grid; of points the reference"),
    HEP_ROW_BOOL(C, lesions_given.lps, "lesions.given_lps", "false",
                 "given points run to the left, back and head, as in DICOM; else to the right, "
                 "front and head"),

    HEP_ROW_WORDS(
        C, lesions_command.command, "lesions.command", "[]",
        "program that draws lesions, and its arguments, started without a shell: {input} is the "
        "series, {output} the mask that is awaited, {output_dir} a folder, {threads} their "
        "number; empty: none (docs/segmenters.md)"),
    HEP_ROW_TEXT(C, lesions_command.series, "lesions.command_series", "reference",
                 "role of the series that it draws on; reference: that of findings"),
    HEP_ROW_TEXT(C, lesions_command.output, "lesions.command_output", "",
                 "name of the mask in {output_dir}; empty: it is {output}"),
    HEP_ROW_NUMBER(
        C, lesions_command.timeout_s, "lesions.command_timeout_s", "s", 0.1, 604800, "3600",
        "time allowed, after which it and all that it started is ended; an hour is several times "
        "what networks need without a graphics card"),

#define LIMIT(member, key, unit, min, max, preset, doc)                                            \
    HEP_ROW_NUMBER(C, lesions.flag.member, "lesions." key, unit, min, max, #preset, doc),
#include "terms/flag_limits.def"
#undef LIMIT
#define NUMBER(member, key, unit, min, max, preset, doc)                                           \
    HEP_ROW_NUMBER(C, lesions.member, "lesions." key, unit, min, max, #preset, doc),
#define WHOLE(member, key, unit, min, max, preset, doc)                                            \
    HEP_ROW_INTEGER(C, lesions.member, "lesions." key, unit, min, max, #preset, doc),
#define SPAN(member, key, unit, min, max, from, to, doc)                                           \
    HEP_ROW_SPAN(C, lesions.member, "lesions." key, unit, min, max, "[" #from ", " #to "]", doc),
#include "lesions/limits.def"
    HEP_ROW_TEXT(C, lesions.evidence_table, "lesions.evidence.table", "evidence.yml",
                 "table of likelihoods of flags and measures in every class, named likewise; made "
                 "by hepar calibrate"),
    HEP_ROW_CHOICE(C, lesions.context, "lesions.evidence.context", contexts, "unknown",
                   "what is known of the patient; chooses the prior probability"),

#define NUMBER(member, key, unit, min, max, preset, doc)                                           \
    HEP_ROW_NUMBER(C, followup.member, "followup." key, unit, min, max, #preset, doc),
#define WHOLE(member, key, unit, min, max, preset, doc)                                            \
    HEP_ROW_INTEGER(C, followup.member, "followup." key, unit, min, max, #preset, doc),
#define UNKNOWN(member, key, unit, min, max, doc)                                                  \
    HEP_ROW_NUMBER(C, followup.member, "followup." key, unit, min, max, "none", doc),
#include "followup/settings.def"

    HEP_ROW_TEXT(
        C, outputs.maps, "outputs.maps", "all",
        "maps that are written, between commas: by name (docs/reference-stages.md, such as "
        "adc or r2star) or by group: parameters, errors (names that end in _se), quality "
        "(residuals, R2, codes), all. Others are computed "
        "only for what later stages read; masks and lesions are always written"),
    HEP_ROW_BOOL(
        C, outputs.aligned, "outputs.aligned", "false",
        "write every series on the grid of the reference as well (space-reference), so that "
        "other programs show it under the outlines of the lesions"),
    HEP_ROW_BOOL(C, outputs.radiomics, "outputs.radiomics", "false",
                 "write LABEL_radiomics.tsv: shape and texture of the liver and each lesion in the "
                 "reference series, ADC and hepatobiliary enhancement by the IBSI standard "
                 "(docs/radiomics.md); hepar run --radiomics"),
    HEP_ROW_INTEGER(C, outputs.radiomics_bins, "outputs.radiomics_bins", "", 2, 1024, "32",
                    "grey levels of each region between its least and largest intensity, which "
                    "does not depend on the scale of MR signals; Zwanenburg et al., Radiology "
                    "2020;295:328"),
    HEP_ROW_BOOL(C, report.html, "report.html", "true", "write the HTML report of each study"),
    HEP_ROW_BOOL(C, report.pictures, "report.pictures", "true",
                 "pictures of series, maps and lesions in the report; without them it has tables"),
    HEP_ROW_INTEGER(C, report.gzip_level, "report.gzip_level", "", 1, 9, "1",
                    "compression of written volumes; float maps of noisy data shrink by another "
                    "tenth at 6, for four times the time"),
    { 0 },
};

const struct hep_field *hep_config_fields(void)
{
    return config_rows;
}

const struct hep_field *hep_planned_fields(void)
{
    return series_rows;
}

/* Defaults of one kind of series that differ from the rows above; expert values for 3 T. */
static const struct hep_planned_preset series_presets[] = {
    { HEP_SERIES_IN_OPPOSED, "technique", "dual_echo" },
    { HEP_SERIES_IN_OPPOSED, "tr_s", "0.005" },
    { HEP_SERIES_IN_OPPOSED, "flip_deg", "10" },
    { HEP_SERIES_IN_OPPOSED, "slices", "50" },
    { HEP_SERIES_IN_OPPOSED, "fat_suppressed", "false" },
    { HEP_SERIES_ECHOES, "technique", "multi_echo" },
    { HEP_SERIES_ECHOES, "tr_s", "0.009" },
    { HEP_SERIES_ECHOES, "flip_deg", "4" },
    { HEP_SERIES_ECHOES, "matrix_phase", "128" },
    { HEP_SERIES_ECHOES, "slices", "50" },
    { HEP_SERIES_ECHOES, "acceleration", "2.5" },
    { HEP_SERIES_ECHOES, "fat_suppressed", "false" },
    { HEP_SERIES_T2, "technique", "fse_triggered" },
    { HEP_SERIES_T2, "tr_s", "4" },
    { HEP_SERIES_T2, "flip_deg", "90" },
    { HEP_SERIES_T2, "matrix_phase", "256" },
    { HEP_SERIES_T2, "slices", "36" },
    { HEP_SERIES_T2, "slice_thickness_mm", "5" },
    { HEP_SERIES_DWI, "technique", "epi_free" },
    { HEP_SERIES_DWI, "tr_s", "6" },
    { HEP_SERIES_DWI, "flip_deg", "90" },
    { HEP_SERIES_DWI, "matrix_phase", "132" },
    { HEP_SERIES_DWI, "slices", "36" },
    { HEP_SERIES_DWI, "slice_thickness_mm", "5" },
    { HEP_SERIES_HEPATOBILIARY, "slices", "80" },
    { HEP_SERIES_COUNT, NULL, NULL },
};

const struct hep_planned_preset *hep_planned_presets(void)
{
    return series_presets;
}
