/* placeholder removed when first source lands */ typedef int hep_lesions_empty;
