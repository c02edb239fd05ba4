/* placeholder removed when first source lands */ typedef int hep_phantom_empty;
