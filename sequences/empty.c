/* placeholder removed when first source lands */ typedef int hep_sequences_empty;
