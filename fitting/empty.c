/* placeholder removed when first source lands */ typedef int hep_fitting_empty;
