/* placeholder removed when first source lands */ typedef int hep_contrast_empty;
